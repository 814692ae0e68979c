// What the AI persona of a call is doing, for whoever looks on: its state, who holds it, what is wrong, what has happened
// to its session, and the tools that it called. The server puts errors into words; this shows.

const TROUBLING = new Set(["reconnecting", "ended", "closed"]);

class PersonaPanel {
  // `tools`: `interrupt()` or null where the reader may not, `events`, the event log's address or "".
  constructor(words, tools) {
    this.words = words;
    this.tools = tools;
    this.told = {};
    this.rows = new Map();
    this.name = el("h2", { class: "es-ai-name" });
    this.badge = el("span", { class: "es-badge es-ai-rehearsal", text: words.rehearsal, hidden: true });
    setTip(this.badge, words.rehearsal_tip);
    this.state = el("span", { class: "es-ai-state" });
    this.time = el("span", { class: "es-ai-time" });
    this.counts = el("ul", { class: "es-ai-counts" });
    this.stop = el("button", { type: "button", class: "es-ai-interrupt", text: words.interrupt, hidden: true });
    setTip(this.stop, words.interrupt_tip);
    this.stop.addEventListener("click", () => this.interrupt());
    this.log = el("a", { class: "es-ai-log", target: "_blank", rel: "noopener", text: words.events, hidden: !tools.events, href: tools.events || null });
    setTip(this.log, words.events_tip);
    const ways = el("span", { class: "es-ai-ways" }, this.stop, this.log);
    const line = el("div", { class: "es-ai-line" }, this.name, this.badge, this.state, this.time, this.counts, ways);
    this.problem = el("p", { class: "es-ai-problem", role: "status", hidden: true });
    this.said = el("p", { class: "es-ai-said", role: "status", hidden: true });
    this.calls = el("div", { class: "es-ai-calls", role: "group", "aria-label": words.tool_calls, hidden: true });
    this.root = el("section", { class: "es-card es-ai", "aria-label": words.panel, hidden: true }, line, this.problem, this.said, this.calls);
  }

  // `persona` is what the call itself says of it: all there is once nothing but the record is left.
  setCall(call) {
    this.root.hidden = !call.persona;
    if (!call.persona) return;
    this.isOver = call.state === "ended";
    this.told = { name: call.persona.name, is_rehearsal: call.persona.is_rehearsal, ...this.told };
    this.draw();
  }

  take(change) {
    this.told = { ...this.told, ...change };
    this.draw();
  }

  get isHeld() {
    return Boolean(this.told.held_by) && !this.isOver && !TROUBLING.has(this.told.state);
  }

  draw() {
    const { told, words } = this;
    setText(this.name, told.name ?? "");
    this.badge.hidden = !told.is_rehearsal;
    const state = this.isOver && !TROUBLING.has(told.state) ? "ended" : told.state;
    // The page says already that the call is over: only what went wrong is worth a word.
    this.root.toggleAttribute("data-calm", this.isOver && !told.problem && told.state !== "closed");
    const shown = this.isHeld ? "held" : state;
    this.root.dataset.state = shown ?? "";
    setText(this.state, this.stateWords(shown));
    if (words.state_tips[shown]) setTip(this.state, words.state_tips[shown]);
    this.problem.hidden = !told.problem;
    setText(this.problem, told.problem ?? "");
    this.problem.dataset.kind = state === "ended" ? "bad" : "warn";
    this.stop.hidden = !this.tools.interrupt || this.isOver || state === "ended" || state === "closed";
    // With nothing to be quiet about the button stays, and says so: what comes and goes is missed under the pointer.
    this.stop.toggleAttribute("aria-disabled", this.isHeld || !["speaking", "thinking"].includes(state));
    this.drawCounts(told.counts);
    this.drawCalls(told.tool_calls ?? []);
  }

  stateWords(state) {
    if (!state) return this.isOver ? this.words.states.ended : "";
    if (state === "held") return fill(this.words.states.held, { who: this.told.held_by });
    if (state !== "reconnecting" || !this.told.attempt) return this.words.states[state] ?? state;
    return fill(this.words.attempt, { attempt: this.told.attempt, attempts: this.told.attempts });
  }

  // Only what has happened: a row of noughts says nothing.
  drawCounts(counts) {
    const drawn = JSON.stringify(counts ?? {});
    if (drawn === this.countsDrawn) return;
    this.countsDrawn = drawn;
    const happened = Object.entries(this.words.counts).filter(([key]) => counts?.[key] > 0);
    this.counts.replaceChildren(
      ...happened.map(([key, { text, tip, is_routine: isRoutine }]) => {
        const count = Number.isInteger(counts[key]) ? counts[key] : counts[key].toFixed(1);
        const node = el("li", { text: fill(text, { count }), "data-routine": isRoutine ? true : null });
        setTip(node, tip);
        return node;
      }),
    );
  }

  // A row is changed in place, so that one that is folded out stays so while others come.
  drawCalls(calls) {
    this.calls.hidden = !calls.length;
    const known = new Set(calls.map((call) => call.call_id));
    for (const [id, row] of this.rows) {
      if (known.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
    for (const call of calls) {
      let row = this.rows.get(call.call_id);
      if (!row) {
        row = new ToolRow(this.words);
        this.rows.set(call.call_id, row);
        this.calls.prepend(row.node);
      }
      row.show(call, this.isOver || this.told.state === "ended");
    }
  }

  async interrupt() {
    if (this.stop.hasAttribute("aria-disabled") || this.asking) return;
    this.asking = true;
    this.say("");
    try {
      await this.tools.interrupt();
    } catch (error) {
      this.say(error.message || this.words.interrupt_failed);
    } finally {
      this.asking = false;
    }
  }

  say(text) {
    this.said.hidden = !text;
    setText(this.said, text);
  }

  tick(nowS, live) {
    const since = this.told.since_s;
    const shown = live && since !== undefined && this.told.state !== "ended";
    setText(this.time, shown ? clock(nowS - since) : "");
    for (const row of this.rows.values()) row.tick(nowS);
  }
}

// One call of a tool: how it went, its name, with what, and how long it took; the rest folded out.
class ToolRow {
  constructor(words) {
    this.words = words;
    this.mark = el("span", { class: "es-ai-mark", role: "img" });
    this.at = el("span", { class: "es-time" });
    this.name = el("b", { class: "es-ai-tool" });
    this.brief = el("span", { class: "es-ai-brief" });
    this.took = el("span", { class: "es-ai-took" });
    const summary = el("summary", {}, el("span", { class: "es-ai-call" }, this.mark, this.at, this.name, this.brief), this.took);
    this.given = el("pre");
    this.gave = el("pre");
    this.gaveLabel = el("h3");
    this.node = el("details", {}, summary, el("div", { class: "es-ai-details" }, el("h3", { text: words.tool_arguments }), this.given, this.gaveLabel, this.gave));
  }

  show(call, isOver) {
    const { words } = this;
    this.call = call;
    const isRunning = call.output === null && !call.error;
    const outcome = call.error ? "failed" : !isRunning ? "done" : isOver ? "unanswered" : "running";
    this.outcome = outcome;
    this.node.dataset.outcome = outcome;
    this.mark.setAttribute("aria-label", words.outcomes[outcome]);
    setText(this.mark, { failed: "✕", done: "✓", unanswered: "–", running: "…" }[outcome]);
    setText(this.at, clock(call.called_s));
    setText(this.name, call.name);
    const pairs = Object.entries(call.arguments ?? {}).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
    setText(this.brief, call.error || pairs.join(", "));
    setText(this.given, JSON.stringify(call.arguments ?? {}, null, 2));
    setText(this.gaveLabel, call.error ? words.tool_error : words.tool_output);
    setText(this.gave, [call.error, call.output].filter(Boolean).join("\n\n") || words.outcomes[outcome]);
    setText(this.took, call.took_s === null ? (outcome === "running" ? "" : words.outcomes[outcome]) : this.seconds(call.took_s));
  }

  seconds(count) {
    return fill(this.words.took, { seconds: count < 0.01 ? "< 0.01" : count < 9.95 ? count.toFixed(2).replace(/0$/, "") : Math.round(count) });
  }

  tick(nowS) {
    if (this.outcome === "running") setText(this.took, fill(this.words.running, { seconds: Math.max(0, Math.floor(nowS - this.call.called_s)) }));
  }
}
