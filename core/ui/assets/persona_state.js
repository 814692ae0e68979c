// What the persona is doing, in words that are read at a glance, and what stops it.

const INTERRUPTIBLE = ["thinking", "speaking"];
// An answer that takes longer than this is told with its seconds.
const LONG_THOUGHT_S = 3;
// After so long without an answer the button to end may be pressed again.
const END_PATIENCE_MS = 8000;

class PersonaState {
  constructor(words, { interrupt, end }) {
    this.orb = el("span", { class: "pt-orb", "aria-hidden": "true" }, el("i"), el("i"), el("i"));
    this.title = el("strong", { class: "pt-title" });
    this.line = el("span", { class: "pt-line" });
    this.told = el("div", { class: "pt-told", role: "status" }, this.title, this.line);
    this.stop = el("button", { type: "button", class: "pt-interrupt", "aria-keyshortcuts": "Escape" });
    this.endButton = el("button", { type: "button", class: "pt-end" });
    this.stop.addEventListener("click", () => this.pressInterrupt(interrupt));
    this.endButton.addEventListener("click", () => this.pressEnd(end));
    this.escape = (event) => this.pressed(event, interrupt);
    document.addEventListener("keydown", this.escape);
    this.root = el("div", { class: "pt-state", "data-state": "loading" }, this.orb, this.told, el("div", { class: "pt-actions" }, this.stop, this.endButton));
    this.relabel(words);
  }

  relabel(words) {
    this.words = words;
    this.stop.replaceChildren(el("span", { text: words.interrupt }), el("kbd", { text: words.escape, "aria-hidden": "true" }));
    this.stop.title = words.interrupt_tip;
    setText(this.endButton, words.end);
    this.endButton.title = words.end_tip;
  }

  pressInterrupt(interrupt) {
    if (this.stop.disabled) return;
    this.stop.disabled = true;
    interrupt();
  }

  // The answer is the page's own: a second press would ask for the same.
  pressEnd(end) {
    this.endButton.disabled = true;
    clearTimeout(this.patience);
    this.patience = setTimeout(() => (this.endButton.disabled = false), END_PATIENCE_MS);
    end();
  }

  // While a syllable is being composed, or in a dialog, Escape is somebody else's.
  pressed(event, interrupt) {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.keyCode === COMPOSED_BY_INPUT_METHOD) return;
    if (event.target.closest?.("[role=dialog], [role=listbox], [data-testid=stPopoverBody], select")) return;
    this.pressInterrupt(interrupt);
  }

  // `seen` is what `seenState` found.
  show(seen) {
    this.seen = seen;
    this.root.dataset.state = seen.state;
    this.root.toggleAttribute("data-offline", seen.isOffline);
    this.stop.disabled = !seen.mayInterrupt;
    this.endButton.hidden = ["over", "left"].includes(seen.state) || !seen.hasStream;
    if (this.endButton.hidden) this.endButton.disabled = false;
    this.stop.hidden = this.endButton.hidden || seen.state === "waiting";
    this.tick();
  }

  tick() {
    const { seen, words } = this;
    if (!seen) return;
    const values = { ...seen.values, seconds: Math.floor((performance.now() - seen.sinceAt) / 1000) };
    setText(this.title, fill(words.states[seen.state] ?? words.states.loading, values));
    const isLong = seen.state === "thinking" && values.seconds >= LONG_THOUGHT_S;
    const usual = isLong ? words.long_thought : words.lines[seen.state];
    // Seconds that go by are to be seen; nobody wants each of them read out.
    this.line.setAttribute("aria-live", isLong ? "off" : "polite");
    setText(this.line, seen.isOffline ? words.offline : seen.problem || fill(usual ?? "", values));
  }

  close() {
    clearTimeout(this.patience);
    document.removeEventListener("keydown", this.escape);
  }
}

// What is to be shown of a call and its persona. `nowS` is the call's clock now, `at` that of the page; without a stream
// the reader has no seat yet.
function seenState({ call, persona, name, hasStream, hasLeft, isStarting, isOffline, nowS, at, words }) {
  const known = hasStream ? stateOf(call, persona, isStarting) : "waiting";
  const state = hasLeft && known !== "over" ? "left" : known;
  const sinceS = persona?.since_s ?? nowS;
  const supervisor = supervisorOf(call);
  return {
    state,
    hasStream,
    isOffline: isOffline && state !== "over",
    sinceAt: at - Math.max(0, nowS - sinceS) * 1000,
    problem: state === "over" ? words.end_reasons[call.end_reason] ?? "" : ["held", "waiting", "left"].includes(state) ? "" : persona?.problem ?? "",
    mayInterrupt: !isOffline && INTERRUPTIBLE.includes(state),
    values: { name, number: persona?.attempt || 1, limit: persona?.attempts || 1, who: persona?.held_by || supervisor?.name || words.colleague },
  };
}

function stateOf(call, persona, isStarting) {
  if (!call) return "loading";
  if (call.state === "ended") return "over";
  // A supervisor can take over from a persona that has stopped, too.
  if (persona?.held_by || supervisorOf(call)) return "held";
  const state = persona?.state ?? "connecting";
  const customers = call.participants.filter((one) => one.role === "customer").map((one) => one.leg_state);
  if (customers.includes("connected") || !["listening", "connecting"].includes(state)) return state;
  return isStarting || customers.includes("connecting") ? "connecting" : "waiting";
}

// Who speaks to everybody in the persona's place.
function supervisorOf(call) {
  return call?.participants.find((one) => ["barge_in", "take_over"].includes(one.mode) && one.leg_state === "connected");
}
