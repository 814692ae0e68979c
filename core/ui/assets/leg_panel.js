// The browser's side of a leg, around streamlit-webrtc's START button: connection state in words, mute, level, choice of
// microphone and its processing, and what to do when something is refused. Comes back by itself when a connection breaks.
// A rerun of the page calls the exported function again with the same element; the panel stays as it is.

const PERMISSION_HINT_MS = 700;

const REMOUNT_LIMIT_MS = 3000;

const LEAVE_ADDRESS = "api/legs/leave";

const panels = new WeakMap();
// What a panel leaves behind for the one that takes its place, by the name of the frame. Streamlit builds both anew when
// something appears above them in the same container; the call is then taken up again. Who goes to another page has left.
const left = new Map();
const ADDRESS_LOOK_MS = 50;

// Streamlit takes a page's elements away before it changes the address: whoever left shows a moment later.
function leaveBehind(frame, microphone) {
  const address = window.location.pathname;
  const at = performance.now();
  left.set(frame, { at, requested: microphone?.requested });
  const look = setInterval(() => {
    const isElsewhere = window.location.pathname !== address;
    if (isElsewhere && left.get(frame)?.at === at) left.delete(frame);
    if (isElsewhere || performance.now() - at > REMOUNT_LIMIT_MS) clearInterval(look);
  }, ADDRESS_LOOK_MS);
}

class LegPanel {
  constructor(root, data, report) {
    this.root = root;
    this.data = data;
    this.report = report;
    this.words = data.words;
    this.phase = "idle";
    this.record = null;
    this.frame = null;
    this.retries = new Retries(this);
    this.toldOfLoss = data.lost;
    this.autostart = data.autostart > 0;
    this.lifetime = new AbortController();
    this.microphone = data.listenOnly ? null : new Microphone({ silent: Boolean(data.supervision) });
    this.build();
    const before = left.get(data.frame);
    this.takesOver = before !== undefined && performance.now() - before.at < REMOUNT_LIMIT_MS;
    if (this.microphone) {
      this.microphone.requested = this.takesOver ? before.requested : { ...data.constraints };
      this.microphone.muted = data.muted;
      this.microphone.addEventListener("change", () => this.microphoneChanged());
    }
    window.addEventListener("pagehide", () => this.sayGoodBye(), { signal: this.lifetime.signal });
    window.addEventListener("pageshow", () => this.gone && window.location.reload(), { signal: this.lifetime.signal });
    this.unwatch = connections.watch(`.${data.frame} ${connections.FRAMES}`, (record, frame) => this.attach(record, frame));
  }

  build() {
    const { words } = this;
    this.dot = el("span", { class: "dot", "aria-hidden": "true" });
    this.state = el("span", { class: "state", role: "status" });
    this.problem = el("p", { class: "problem", role: "alert", hidden: true });
    const line = el("div", { class: "line" }, el("span", { class: "phase" }, this.dot, this.state));
    this.box = el("div", { class: "panel" }, line);
    if (this.microphone) {
      this.controls = new MicrophoneControls(this.microphone, words, this.lifetime.signal);
      this.controls.onMute = (muted) => this.report("muted", muted);
      line.append(this.controls.muteButton, this.controls.meter);
      this.box.append(this.controls.extras);
    }
    // Between two tries the frame shows START. A supervisor has *Leave*.
    this.giveUpButton = el("button", { type: "button", hidden: true }, words.give_up);
    this.giveUpButton.addEventListener("click", () => this.stop(), { signal: this.lifetime.signal });
    if (this.data.supervision) this.supervision = new SupervisionControl(this);
    else line.append(this.giveUpButton);
    this.box.append(this.problem);
    this.root.append(this.box);
  }

  // A rerun of the page brought new data.
  update(data) {
    const errorIsNew = data.error && JSON.stringify(data.error) !== JSON.stringify(this.data.error);
    const startIsWanted = data.autostart > this.data.autostart;
    this.data = data;
    if (errorIsNew) this.refused(data.error);
    if (startIsWanted) this.startAsReader();
    if (this.frame) this.dress();
    this.draw();
    this.supervision?.follow();
  }

  attach(record, frame) {
    const replaced = this.takesOver || (this.record && this.record !== record && this.wanted);
    this.takesOver = false;
    this.record = record;
    this.frame = frame;
    const { signal } = this.lifetime;
    record.addEventListener("connection", (event) => this.opened(event.detail), { signal });
    frame.contentDocument.addEventListener("click", (event) => this.pressed(event), { capture: true, signal });
    // Whoever has pressed START is in the frame; the page's own key is meant all the same.
    frame.contentDocument.addEventListener("keydown", (event) => event.key === "Escape" && document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" })), { signal });
    this.microphone?.attach(record);
    this.dress();
    frame.dataset.leg = "ready";
    const running = record.live.at(-1);
    if (running) this.opened(running);
    else if (replaced) this.retries.broken();
    else if (this.autostart) this.startAsReader();
    this.autostart = false;
    this.draw();
  }

  // The reader has started the call and not stopped it.
  get wanted() {
    return ["connected", "connecting", "interrupted", "reconnecting", "waiting"].includes(this.phase);
  }

  // The frame wears the page's colours and shows its button only.
  dress() {
    const inside = this.frame.contentDocument;
    const theme = getComputedStyle(this.box);
    const get = (name) => theme.getPropertyValue(`--st-${name}`).trim();
    const primary = get("primary-color");
    let style = inside.getElementById("earshot-style");
    if (!style) {
      style = inside.createElement("style");
      style.id = "earshot-style";
      inside.head.append(style);
    }
    setText(style, `
      html, body { margin: 0; background: transparent; overflow: hidden; }
      .MuiAlert-root, .MuiButton-text { display: none !important; }
      #root > .MuiBox-root > .MuiBox-root:not(:has(button)) { display: none !important; }
      #root > .MuiBox-root > .MuiBox-root > .MuiBox-root { width: 100%; }
      .MuiButton-root.MuiButton-root { width: 100%; height: 40px; box-sizing: border-box; margin: 0; padding: 0 8px;
        font: 600 15px ${get("font")}; letter-spacing: 0; text-transform: none; white-space: nowrap;
        border-radius: ${get("button-radius")}; box-shadow: none; color: ${this.readableOn(primary)}; background: ${primary}; }
      .MuiButton-root.MuiButton-root:hover { filter: brightness(1.08); box-shadow: none; }
      .MuiButton-root.MuiButton-root:focus-visible { outline: 2px solid ${get("text-color")}; outline-offset: -4px; }
      .MuiButton-root.MuiButton-root:disabled { opacity: 0.5; }
      html[data-running] .MuiButton-root.MuiButton-root { color: ${get("text-color")}; border: 1px solid ${get("border-color")};
        background: ${get("secondary-background-color")}; }
    `);
  }

  // White or near-black, whichever stands out more (relative luminance, WCAG 2).
  readableOn(colour) {
    this.dot.style.color = colour;
    const [red, green, blue] = getComputedStyle(this.dot).color.match(/[\d.]+/g).map((value) => {
      const share = Number(value) / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#0b1118" : "#ffffff";
  }

  button(label) {
    const all = this.frame?.contentDocument?.querySelectorAll("button") ?? [];
    return [...all].find((button) => button.textContent === label && !button.disabled);
  }

  // A press by the reader, not one of ours: from here on nothing happens by itself.
  pressed(event) {
    if (!event.isTrusted || !event.target.closest?.("button")) return;
    this.tellOfLoss(false);
    const stopping = this.button(this.words.stop) !== undefined;
    this.retries.reset();
    this.enter(stopping ? "stopped" : "connecting");
  }

  opened(connection) {
    if (!this.retries.under && this.phase !== "stopped") this.enter("connecting");
    this.relayProblem = null;
    probe(this.record, connection);
    watchRelay(connection, (problem) => this.foundNoRelay(connection, problem), this.lifetime.signal);
    const look = () => {
      if (connection !== this.record.latest) return;
      const state = connections.stateOf(connection);
      if (state === "failed") this.lost(connection);
      else if (state === "disconnected") this.interrupted(connection);
      else if (state === "connected" && this.phase !== "stopped") {
        this.retries.reset();
        this.tellOfLoss(false);
        this.enter("connected");
        this.hear();
      }
    };
    for (const name of connections.STATE_EVENTS) connection.addEventListener(name, look, { signal: this.lifetime.signal });
    look();
  }

  interrupted(connection) {
    if (this.phase !== "stopped") this.retries.interrupted(() => this.lost(connection));
  }

  // The connection is gone and nobody asked for it: the frame is told, stops by itself, and START is pressed again.
  lost(connection) {
    // Before the frame stops: the server is to take that for a loss, not for somebody who leaves.
    if (this.phase !== "stopped") this.tellOfLoss(true);
    connections.letGo(connection);
    if (this.phase !== "stopped") this.retries.broken();
  }

  // Where nothing but a relay may be used, another START would fare no better: then the frame's side is stopped, too.
  foundNoRelay(connection, problem) {
    if (connection !== this.record.latest || this.phase === "stopped") return;
    this.relayProblem = problem;
    if (connection.connectionState === "failed") return;
    this.giveUp("failed");
    this.button(this.words.stop)?.click();
  }

  tellOfLoss(lost) {
    if (lost === this.toldOfLoss) return;
    this.toldOfLoss = lost;
    this.report("lost", lost);
  }

  // Whether the server has answered what it was told last. Its answer says, too, whether it had ended the leg itself.
  get isAnswered() {
    return this.data.lost === this.toldOfLoss;
  }

  // Whether another try makes sense; where it does not, why not is said.
  mayGoOn() {
    if (!this.box.isConnected) this.retries.reset();
    else if (this.data.endedByServer) this.giveUp("ended");
    else if (this.data.error && !this.data.error.retryable) this.giveUp("failed");
    else return true;
    return false;
  }

  // Presses the frame's START for the reader. Returns whether it was there to be pressed.
  start() {
    const button = this.button(this.words.start);
    this.pressedAt = performance.now();
    button?.click();
    return button !== undefined;
  }

  // Whether START is back after the press. Until the frame has made a connection, which it first fetches code for, START
  // is still there: another press would make two connections, and the answer for one would reach the other.
  isIdle() {
    const made = this.record?.list.at(-1)?.openedAt ?? -Infinity;
    const isSettled = made >= this.pressedAt && performance.now() - made >= SETTLED_MS;
    return isSettled && this.button(this.words.start) !== undefined;
  }

  // Whether the browser has been asked for the microphone: the reader may have to decide, and takes any time for it.
  get isAsking() {
    return Boolean(this.microphone?.asking);
  }

  // A try takes too long: the frame is made ready for the next one.
  abandon() {
    this.button(this.words.stop)?.click();
  }

  giveUp(phase) {
    this.retries.reset();
    this.enter(phase);
  }

  // For a button elsewhere that means START: as if the reader had pressed the frame's own. From here on the reader is in
  // the call: a frame that is built anew before the connection is there takes over.
  startAsReader() {
    if (this.wanted) return;
    this.tellOfLoss(false);
    this.retries.first();
  }

  // A START that the frame is still at, since it first fetches code for it, makes a connection afterwards.
  stop() {
    const pendingUntil = this.retries.trying ? performance.now() + TRY_LIMIT_MS : 0;
    this.tellOfLoss(false);
    this.retries.reset();
    this.enter("stopped");
    const look = setInterval(() => {
      const button = this.button(this.words.stop);
      const mayStand = this.record?.live.length || performance.now() < pendingUntil;
      if (button || this.phase !== "stopped" || !mayStand) clearInterval(look);
      if (this.phase === "stopped") button?.click();
    }, 50);
  }

  // The tab is being closed: the leg ends at once, and nobody waits for it. A word is all that there is time for.
  sayGoodBye() {
    const token = this.record && connections.leaveTokenOf(this.record.latest);
    if (!token || !this.wanted) return;
    const words = new Blob([JSON.stringify({ token })], { type: "application/json" });
    // A browser that keeps the page and shows it again would show a leg that is over.
    this.gone = navigator.sendBeacon(new URL(LEAVE_ADDRESS, window.location.href), words);
  }

  // The server did not answer the offer.
  refused(error) {
    if (!error.retryable) this.giveUp("failed");
    else this.retries.broken();
  }

  // Browsers hold sound back on a page that nobody has clicked yet.
  hear() {
    setTimeout(() => {
      const sound = this.frame.contentDocument.querySelector("audio, video");
      if (!sound?.paused) return;
      sound.play().catch(() => {
        this.silent = true;
        this.draw();
        document.addEventListener("click", () => {
          this.silent = false;
          sound.play().catch(() => undefined).finally(() => this.draw());
        }, { once: true });
      });
    }, 300);
  }

  microphoneChanged() {
    const { microphone } = this;
    if (microphone.problem && !microphone.live && !microphone.silent) {
      this.retries.reset();
      this.enter("idle");
    }
    if (microphone.asking) setTimeout(() => this.draw(), PERMISSION_HINT_MS);
    this.askedAt = microphone.asking ? this.askedAt ?? performance.now() : null;
    this.draw();
  }

  enter(phase) {
    this.phase = phase;
    this.draw();
  }

  draw() {
    const { words, phase } = this;
    const running = ["connecting", "connected", "interrupted"].includes(phase);
    this.box.dataset.phase = phase;
    // For what else is on the page: this panel is in a tree of its own.
    if (this.frame) this.frame.dataset.phase = phase;
    setText(this.state, fill(words.phases[phase], { number: this.retries.number, limit: TRIES }));
    if (this.frame?.contentDocument) this.frame.contentDocument.documentElement.toggleAttribute("data-running", running);
    this.giveUpButton.hidden = !["reconnecting", "waiting"].includes(phase);
    const problem = this.sentence();
    this.problem.hidden = !problem;
    setText(this.problem, problem);
    this.controls?.draw();
    this.supervision?.draw();
  }

  sentence() {
    const { words, phase, microphone, data } = this;
    if (microphone && !microphone.silent && !window.isSecureContext) return words.problems.insecure;
    if (microphone?.asking && performance.now() - this.askedAt >= PERMISSION_HINT_MS) return words.problems.asking;
    if (microphone?.problem && !microphone.live) {
      return words.problems[microphone.problem] ?? fill(words.problems.other, { name: microphone.problem });
    }
    if (data.error && ["failed", "reconnecting", "waiting", "idle"].includes(phase)) return data.error.text;
    if (phase === "failed") return words.problems[this.relayProblem ?? "lost"];
    return this.silent ? words.problems.silent : "";
  }

  release() {
    left.delete(this.data.frame);
    if (this.wanted) leaveBehind(this.data.frame, this.microphone);
    this.unwatch();
    this.lifetime.abort();
    this.retries.reset();
    this.microphone?.deafen();
    this.microphone?.endSilence();
  }
}

export default function ({ data, parentElement, setStateValue }) {
  let panel = panels.get(parentElement);
  if (panel) panel.update(data);
  else {
    panel = new LegPanel(parentElement, data, setStateValue);
    panels.set(parentElement, panel);
    panel.update(data);
  }
  panel.report = setStateValue;
  return () => {
    // Streamlit also cleans up after a call that a newer one overtook; then the element is still in the page.
    if (panel.box.isConnected) return;
    panels.delete(parentElement);
    panel.release();
  };
}
