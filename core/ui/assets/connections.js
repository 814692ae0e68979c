// The peer connections of the page's streamlit-webrtc frames: wraps a frame's RTCPeerConnection and getUserMedia before
// START can be pressed, and keeps the list of what they made. The list hangs on the frame's window under a key that every
// copy of this module knows, so the leg panel and the probe share it.

const connections = (() => {
  const KEY = Symbol.for("earshot.connections");
  const FRAMES = 'iframe[title^="streamlit_webrtc"]';

  // What is known of one frame. `list` holds {connection, openedAt}, oldest first, closed ones too.
  class FrameRecord extends EventTarget {
    constructor(view) {
      super();
      this.view = view;
      this.list = [];
      // Given a request with audio and the frame's own getUserMedia, returns the stream. Set by the leg panel.
      this.openMicrophone = null;
    }

    get latest() {
      return this.list.at(-1)?.connection ?? null;
    }

    get live() {
      return this.list.map((entry) => entry.connection).filter((connection) => connection.connectionState !== "closed");
    }

    add(connection) {
      this.list.push({ connection, openedAt: performance.now() });
      this.dispatchEvent(new CustomEvent("connection", { detail: connection }));
    }
  }

  function instrument(view) {
    if (view[KEY]) return view[KEY];
    const record = new FrameRecord(view);
    Object.defineProperty(view, KEY, { value: record });
    const Native = view.RTCPeerConnection;
    if (Native) {
      const Wrapped = new Proxy(Native, {
        construct(target, args, caller) {
          const connection = Reflect.construct(target, args, caller === Wrapped ? target : caller);
          record.add(connection);
          return connection;
        },
      });
      view.RTCPeerConnection = Wrapped;
    }
    const devices = view.navigator.mediaDevices;
    if (devices) {
      const native = devices.getUserMedia.bind(devices);
      devices.getUserMedia = (request) =>
        request?.audio && record.openMicrophone ? record.openMicrophone(request, native) : native(request);
    }
    return record;
  }

  // Calls `found(record, frame)` for each document that a matching frame loads, now and later. Returns a function that
  // ends the watch.
  function watch(selector, found) {
    const known = new WeakSet();
    const loaded = (frame) => {
      if (frame.contentWindow) found(instrument(frame.contentWindow), frame);
    };
    const look = () => {
      for (const frame of document.querySelectorAll(selector)) {
        if (known.has(frame)) continue;
        known.add(frame);
        frame.addEventListener("load", () => loaded(frame));
        const inside = frame.contentDocument;
        if (inside && inside.readyState === "complete" && inside.URL !== "about:blank") loaded(frame);
      }
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true });
    look();
    return () => observer.disconnect();
  }

  return { FRAMES, watch };
})();
