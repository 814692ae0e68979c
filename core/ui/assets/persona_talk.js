// The customer's seat in a call with a persona: what it is doing, what both said, and a box to write in. Fed by the
// call's event stream; Python mounts it once, and a rerun of the page leaves it, and above all the box, as it is.

const seats = new WeakMap();
// Phases of the leg's panel in which START was pressed and nobody is heard yet.
const STARTING = ["connecting", "reconnecting", "waiting"];
// Phases in which the leg has lost its way to the server. The stream may not have noticed: silence is no error to it.
const BROKEN = ["interrupted", "reconnecting", "waiting"];

class PersonaSeat {
  constructor(host, data) {
    this.words = data.words;
    this.callId = data.call_id;
    this.nowS = 0;
    this.nowAt = performance.now();
    this.data = data;
    this.state = new PersonaState(this.words, { interrupt: () => this.interrupt(), end: () => this.data.end() });
    this.dialogue = new Dialogue(this.words, { again: (id) => this.outbox.again(id), drop: (id) => this.outbox.drop(id) });
    this.root = el("section", { class: "es-persona", "data-call": data.call_id }, this.state.root, this.dialogue.root);
    this.outbox = new Outbox({
      kept: new KeptText(`earshot-persona-outbox:${data.call_id}`),
      post: (entry, signal) => this.post(this.data.text_url, { text: entry.text, id: entry.id }, signal),
      changed: () => this.dialogue.showUnsent(this.outbox?.entries ?? []),
    });
    this.dialogue.showUnsent(this.outbox.entries);
    this.box = new TextBox(this.words, {
      send: (text) => this.outbox.add(text, this.clock()),
      draft: new KeptText(`earshot-persona-draft:${data.call_id}`),
      longest: data.longest,
    });
    this.root.append(this.box.root);
    host.append(this.root);
    this.take(data);
    this.ticker = setInterval(() => this.tick(), 500);
    this.fit = () => fitHeight(this.root, 400);
    this.above = new ResizeObserver(this.fit);
    for (let node = host; node && node !== document.body; node = node.parentElement) this.above.observe(node);
    window.addEventListener("resize", this.fit);
    this.fit();
    this.show();
  }

  // What a rerun of the page brings: fresh tokens, perhaps other words. Whoever has just taken a seat now has a stream.
  take(data) {
    const isOtherLanguage = data.locale !== this.data.locale;
    this.data = data;
    this.box.setReady(Boolean(data.stream) && !data.has_left);
    this.words = data.words;
    this.root.lang = data.locale;
    this.root.setAttribute("aria-label", data.words.view);
    if (isOtherLanguage) {
      for (const part of [this.state, this.dialogue, this.box]) part.relabel(data.words);
      this.dialogue.showUnsent(this.outbox.entries);
      this.stream?.close();
      this.stream = null;
    }
    if (data.stream && !this.stream) this.connect();
    this.paint();
    this.show();
  }

  paint() {
    this.root.dataset.theme = themeOf(this.root);
  }

  post(path, body, signal) {
    return fetch(urlOf(path), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });
  }

  async interrupt() {
    try {
      await this.post(this.data.interrupt_url, {}, AbortSignal.timeout(SEND_LIMIT_MS));
    } catch {
      // The state says that the server cannot be reached, and the button comes back with it.
    }
    setTimeout(() => this.show(), 500);
  }

  connect() {
    this.stream = new ChangeStream(() => this.data.stream, {
      receive: (change) => this.receive(change),
      gone: (message) => this.gone(message),
      interrupted: () => {
        this.isOffline = true;
        this.show();
      },
      isOver: () => this.call?.state === "ended",
    });
  }

  gone(message) {
    this.goneMessage = message;
    this.isOver = true;
    this.outbox.end();
    this.box.close();
    this.show();
  }

  receive(change) {
    this.nowS = change.now_s;
    this.nowAt = performance.now();
    const wasOffline = this.isOffline;
    this.isOffline = false;
    if (change.call) {
      this.call = change.call;
      this.dialogue.setCustomers(change.call.participants.filter((one) => one.role === "customer"));
    }
    if (change.persona) this.persona = { ...this.persona, ...change.persona };
    const told = this.dialogue.update(change.utterances ?? [], change.notes ?? [], Boolean(change.reset));
    for (const utterance of told) if (utterance.is_typed) this.outbox.confirm(utterance.text, utterance.start_s);
    if (wasOffline) this.outbox.next(true);
    if (this.call?.state === "ended" && !this.isOver) this.ended();
    this.show();
  }

  ended() {
    this.isOver = true;
    this.dialogue.over();
    this.outbox.end();
    this.box.close();
    if (this.data.state !== "ended") this.data.ended();
  }

  show() {
    const { call, persona, words, nowS, nowAt } = this;
    const { name, stream, has_left: hasLeft } = this.data;
    const phase = document.querySelector("iframe[data-leg]")?.dataset.phase;
    const isStarting = STARTING.includes(phase);
    const isOffline = Boolean(this.isOffline) || BROKEN.includes(phase);
    const seen = seenState({ call, persona, name, hasStream: Boolean(stream), hasLeft, isStarting, isOffline, nowS, at: nowAt, words });
    if (this.goneMessage) Object.assign(seen, { state: "over", problem: this.goneMessage, mayInterrupt: false });
    this.state.show(seen);
  }

  // The call's clock as it stands now.
  clock() {
    return this.nowS + (performance.now() - this.nowAt) / 1000;
  }

  tick() {
    if (document.hidden) return;
    this.show();
    this.paint();
  }

  close() {
    this.stream?.close();
    clearInterval(this.ticker);
    this.above.disconnect();
    window.removeEventListener("resize", this.fit);
    this.state.close();
    this.dialogue.close();
    this.outbox.close();
    this.root.remove();
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const given = { ...data, end: () => setTriggerValue("end", true), ended: () => setTriggerValue("ended", true) };
  let seat = seats.get(parentElement);
  if (seat && seat.callId !== data.call_id) {
    seat.close();
    seat = null;
  }
  if (seat) seat.take(given);
  else seats.set(parentElement, new PersonaSeat(parentElement, given));
  return () => {
    // Streamlit also cleans up after a call that a newer one overtook; then the element is still in the page.
    if (parentElement.isConnected) return;
    seats.get(parentElement)?.close();
    seats.delete(parentElement);
  };
}
