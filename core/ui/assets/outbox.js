// What was written and is not yet to be read in the transcript. Each entry is `waiting`, `sending`, `accepted` or `failed`,
// the latter with the error's code. Sent in order, one at a time, again after a loss under
// the same id, which the server counts once; and kept over a reload until the call's stream has shown it.

const RESEND_MS = [1000, 2000, 4000, 8000, 15000];
const SEND_LIMIT_MS = 10000;
// The stream's clock and the moment at which a text becomes an utterance differ by less.
const CLOCK_SLACK_S = 3;

class Outbox {
  // `kept` is a KeptText; `post(entry, signal)` gives a Response or throws; `changed()` is told of every change.
  constructor({ kept, post, changed }) {
    this.kept = kept;
    this.post = post;
    this.changed = changed;
    this.entries = this.restored();
    this.tries = 0;
    this.wakeUp = () => this.next(true);
    window.addEventListener("online", this.wakeUp);
    this.next();
  }

  restored() {
    try {
      const entries = JSON.parse(this.kept.read() || "[]");
      return entries.map((entry) => (entry.state === "sending" ? { ...entry, state: "waiting" } : entry));
    } catch {
      return [];
    }
  }

  // `nowS` is the call's clock.
  add(text, nowS) {
    this.entries.push({ id: newId(), text, at_s: nowS, state: "waiting", reason: "" });
    this.settle();
    this.next();
  }

  async next(isNow = false) {
    clearTimeout(this.timer);
    const entry = this.entries.find((each) => each.state === "waiting");
    if (isNow) this.tries = 0;
    if (!entry || this.isClosed || this.entries.some((each) => each.state === "sending")) return;
    entry.state = "sending";
    this.settle();
    const answer = await this.tried(entry);
    // Taken back, or shown by the stream, in the meantime.
    if (!this.entries.includes(entry)) return this.next(true);
    if (answer === null && !this.isClosed) return this.later(entry);
    this.tries = 0;
    Object.assign(entry, answer ?? { state: "failed", reason: "" });
    this.settle();
    this.next();
  }

  // What became of it; null where it is to be tried again.
  async tried(entry) {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), SEND_LIMIT_MS);
    try {
      const response = await this.post(entry, limit.signal);
      if (response.ok) return { state: "accepted", reason: "" };
      if (response.status === 429 || response.status >= 502) return null;
      const told = await response.json().catch(() => ({}));
      return { state: "failed", reason: told.error ?? "" };
    } catch {
      return null;
    } finally {
      clearTimeout(timer);
    }
  }

  later(entry) {
    const wait = RESEND_MS[this.tries];
    this.tries += 1;
    if (wait === undefined) {
      this.tries = 0;
      entry.state = "failed";
    } else {
      entry.state = "waiting";
      entry.again = true;
      this.timer = setTimeout(() => this.next(), wait);
    }
    this.settle();
    if (wait === undefined) this.next();
  }

  again(id) {
    const entry = this.entries.find((each) => each.id === id);
    if (!entry || entry.state !== "failed") return;
    Object.assign(entry, { state: "waiting", reason: "", again: false });
    this.settle();
    this.next(true);
  }

  drop(id) {
    this.entries = this.entries.filter((each) => each.id !== id);
    this.settle();
  }

  // The stream has brought a text that somebody typed. The same words are looked for first: what is masked reads otherwise.
  confirm(text, atS) {
    const open = this.entries.filter((each) => each.at_s <= atS + CLOCK_SLACK_S);
    const entry = open.find((each) => sameWords(each.text, text)) ?? open.find((each) => each.state === "accepted");
    if (entry) this.drop(entry.id);
    return entry !== undefined;
  }

  settle() {
    this.kept.keep(this.entries.length ? JSON.stringify(this.entries) : "");
    this.changed();
  }

  // The call is over: what was not sent will not be.
  end() {
    clearTimeout(this.timer);
    this.isClosed = true;
    for (const entry of this.entries) if (entry.state === "waiting") entry.state = "failed";
    this.settle();
  }

  close() {
    clearTimeout(this.timer);
    this.isClosed = true;
    window.removeEventListener("online", this.wakeUp);
  }
}

function sameWords(one, other) {
  const plain = (text) => text.normalize("NFC").split(/\s+/).filter(Boolean).join(" ");
  return plain(one) === plain(other);
}

// `crypto.randomUUID` is missing where the page came over plain HTTP.
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
