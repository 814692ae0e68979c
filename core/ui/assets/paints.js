// Tells the server when what it sent was really on the screen: two frames later, in one request a second at most. Ages
// are by the browser's steady clock, so its time of day does not matter. A hidden tab paints nothing and tells nothing.

const PAINTS_EVERY_MS = 1000;
const PAINTS_MOST = 64;

class Paints {
  constructor() {
    this.told = new Set();
    this.waiting = [];
    this.sentAt = -Infinity;
    this.pausedUntil = 0;
    this.url = null;
  }

  // What an event of the stream has changed on the page. What a page that opens finds there counts for nothing.
  after(change) {
    const found = (change.utterances ?? []).filter((one) => one.is_final && one.text).map((one) => ["text", one.id]);
    const summary = change.summaries?.at(-1);
    // The draft of an answer shows its summary before the rest has come.
    if (change.model?.draft?.text.summary && change.model.seen_utterance) found.push(["summary", change.model.seen_utterance]);
    if (summary?.seen_utterance) found.push(["summary", summary.seen_utterance]);
    if (change.guidance?.seen_utterance) found.push(["passages", change.guidance.seen_utterance]);
    const fresh = found.filter(([what, utterance]) => !this.told.has(`${what}|${utterance}`));
    for (const [what, utterance] of fresh) this.told.add(`${what}|${utterance}`);
    if (change.reset || !fresh.length || document.hidden) return;
    // The first frame draws it; when the second begins, the first is on the screen.
    requestAnimationFrame(() => requestAnimationFrame(() => this.painted(fresh)));
  }

  painted(fresh) {
    const at = performance.now();
    for (const [what, utterance] of fresh) this.waiting.push({ what, utterance, at });
    this.waiting.splice(0, this.waiting.length - PAINTS_MOST);
    this.timer ??= setTimeout(() => this.send(), Math.max(0, this.sentAt + PAINTS_EVERY_MS - at, this.pausedUntil - at));
  }

  async send() {
    this.timer = null;
    const now = performance.now();
    const painted = this.waiting.map(({ what, utterance, at }) => ({ what, utterance, ago_ms: Math.round((now - at) * 10) / 10 }));
    this.waiting = [];
    const recent = painted.filter((one) => one.ago_ms < 60000);
    if (document.hidden || !this.url || !recent.length) return;
    this.sentAt = now;
    try {
      const answer = await fetch(this.url, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ painted: recent }),
      });
      if (answer.status === 429) this.pausedUntil = performance.now() + 1000 * Number(answer.headers.get("Retry-After") || 60);
      else if (answer.status >= 400) this.url = null;
    } catch {
      // The stream says that the connection is broken; a missing moment is shown as missing.
    }
  }

  close() {
    clearTimeout(this.timer);
    this.url = null;
  }
}
