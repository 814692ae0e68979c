// The peer connections of the page's streamlit-webrtc frames: wraps a frame's RTCPeerConnection and getUserMedia before
// START can be pressed, and keeps the list of what they made. The list hangs on the frame's window under a key that every
// copy of this module knows, so the leg panel and the probe share it.

const connections = (() => {
  const KEY = Symbol.for("earshot.connections");
  const FRAMES = 'iframe[title^="streamlit_webrtc"]';
  // Set on a connection whose frame may know that it is interrupted.
  const LET_GO = Symbol.for("earshot.letGo");
  const LEAVE_TOKEN = Symbol.for("earshot.leaveToken");
  const STATE_EVENTS = ["connectionstatechange", "iceconnectionstatechange"];
  const STATES = ["connectionState", "iceConnectionState"];

  // What is known of one frame. `list` holds {connection, openedAt}, oldest first, closed ones too.
  class FrameRecord extends EventTarget {
    constructor(view) {
      super();
      this.view = view;
      this.list = [];
      // Given a request with audio and the frame's own getUserMedia, returns the stream. Set by the leg panel.
      this.openMicrophone = null;
      // The frame's own getUserMedia.
      this.getUserMedia = null;
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
          for (const name of STATES) holdBack(connection, name);
          readAnswer(connection);
          record.add(connection);
          return connection;
        },
      });
      view.RTCPeerConnection = Wrapped;
    }
    const devices = view.navigator.mediaDevices ?? withoutDevices(view);
    const native = devices.getUserMedia.bind(devices);
    record.getUserMedia = native;
    devices.getUserMedia = (request) =>
      request?.audio && record.openMicrophone ? record.openMicrophone(request, native) : native(request);
    return record;
  }

  // Browsers call a connection `disconnected` after some seconds without an answer, and take it back when packets flow
  // again. The frame would end it at once; so it is told only when the panel has lost patience.
  function holdBack(connection, name) {
    Object.defineProperty(connection, name, {
      get: () => {
        const state = nativeState(connection, name);
        return state === "disconnected" && !connection[LET_GO] ? "connected" : state;
      },
    });
  }

  // The answer carries the leg's token: what a browser gives back as its remote description has lost it.
  function readAnswer(connection) {
    const native = connection.setRemoteDescription;
    connection.setRemoteDescription = function (description, ...callbacks) {
      this[LEAVE_TOKEN] = /^a=x-earshot-leave:(\S+)/m.exec(description?.sdp)?.[1];
      return native.call(this, description, ...callbacks);
    };
  }

  // What ends the connection's leg on the server; undefined while there is no answer.
  function leaveTokenOf(connection) {
    return connection?.[LEAVE_TOKEN];
  }

  function nativeState(connection, name) {
    return Reflect.get(Object.getPrototypeOf(connection), name, connection);
  }

  // What the browser itself says: `connected`, `disconnected`, `failed` or another of its words, the worse of the whole
  // connection's and of ICE's. A far end that has said good-bye (DTLS) does not come back: it counts as `failed`.
  function stateOf(connection) {
    const [whole, ice] = STATES.map((name) => nativeState(connection, name));
    if (whole === "failed" || ice === "failed") return "failed";
    if (whole !== "disconnected" && ice !== "disconnected") return whole;
    const transports = connection.getReceivers().map((receiver) => receiver.transport?.state);
    return transports.includes("closed") ? "failed" : "disconnected";
  }

  // The connection is given up: its frame may know, and stops.
  function letGo(connection) {
    if (connection[LET_GO]) return;
    connection[LET_GO] = true;
    for (const name of STATE_EVENTS) connection.dispatchEvent(new Event(name));
  }

  // Insecure pages have no media devices at all, and the frame then refuses even a leg that sends silence.
  function withoutDevices(view) {
    const devices = new EventTarget();
    devices.enumerateDevices = async () => [];
    devices.getUserMedia = () => Promise.reject(new DOMException("the page is not secure", "SecurityError"));
    Object.defineProperty(view.navigator, "mediaDevices", { value: devices });
    return devices;
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

  return { FRAMES, STATE_EVENTS, leaveTokenOf, letGo, stateOf, watch };
})();
