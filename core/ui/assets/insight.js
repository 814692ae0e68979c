// The summary with its history, and the handbook's passages.

const TREND_SIGNS = { falling: "↘", steady: "→", rising: "↗" };
const COPIED_MS = 2000;
const NO_DRAFT = { text: {}, risks: [] };

class SummaryPanel {
  constructor(words) {
    this.words = words;
    this.said = words.insight;
    this.all = [];
    this.model = null;
    this.engine = el("span", { class: "es-badge", hidden: true });
    this.engineModel = el("span", { class: "es-model" });
    this.phase = el("span", { class: "es-phase", hidden: true });
    this.age = el("span", { class: "es-age", hidden: true });
    const shell = card(words.summary, this.engine, this.engineModel, this.phase, this.age);
    this.root = shell.root;
    this.root.classList.add("es-summary");
    this.trouble = el("p", { class: "es-model-trouble", role: "status", hidden: true });
    this.reason = el("span");
    this.again = el("span", { class: "es-again", "aria-live": "off" });
    this.trouble.append(this.reason, " ", this.again);
    this.empty = el("p", { class: "es-empty", text: words.summary_empty });
    this.sentence = el("p", { class: "es-sentence" });
    this.issue = el("dd");
    this.action = el("dd");
    this.marks = el("ul", { class: "es-marks", hidden: true });
    this.now = el(
      "div",
      { hidden: true },
      this.sentence,
      el("dl", {}, el("dt", { text: words.customer_issue }), this.issue, el("dt", { text: words.agent_action }), this.action),
      this.marks,
      this.buildReply()
    );
    this.past = el("ol", { class: "es-past", tabindex: "0", "aria-label": words.history });
    this.history = el("div", { class: "es-history", hidden: true }, el("h3", { text: words.history }), this.past);
    shell.body.append(this.trouble, this.empty, this.now, this.history);
  }

  buildReply() {
    const label = el("span", { class: "es-reply-label", text: this.said.reply });
    setTip(label, this.said.reply_tip);
    this.replyText = el("p");
    this.copy = el("button", { type: "button", "aria-label": this.said.copy_reply, text: this.said.copy });
    this.copy.addEventListener("click", () => this.copyReply());
    this.copyTold = el("span", { class: "es-sr", role: "status" });
    this.reply = el("div", { class: "es-reply", hidden: true }, label, this.replyText, this.copy, this.copyTold);
    return this.reply;
  }

  async copyReply() {
    const text = this.replyText.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      window.prompt(this.said.copy_by_hand, text);
      return;
    }
    setText(this.copy, `✓ ${this.said.copied}`);
    setText(this.copyTold, this.said.copied);
    clearTimeout(this.copyTimer);
    this.copyTimer = setTimeout(() => {
      setText(this.copy, this.said.copy);
      setText(this.copyTold, "");
    }, COPIED_MS);
  }

  reset(summaries, model) {
    this.all = [];
    this.model = model;
    this.past.replaceChildren();
    this.add(summaries);
    this.draw();
  }

  add(summaries) {
    for (const summary of summaries) {
      const before = this.all.at(-1);
      if (before && before.text.summary !== summary.text.summary) this.past.prepend(this.line(before));
      this.all.push(summary);
    }
    if (summaries.length) this.draw();
  }

  setModel(model) {
    this.model = model;
    this.draw();
  }

  // What is complete and valid of the answer that is arriving, before the last valid values.
  get shown() {
    const latest = this.all.at(-1);
    const draft = this.model?.draft ?? NO_DRAFT;
    const text = (name) => draft.text[name] || latest?.text[name] || "";
    return {
      summary: text("summary"),
      issue: text("customer_issue"),
      action: text("agent_action"),
      intent: draft.intent ?? latest?.intent ?? null,
      sentiment: draft.sentiment ?? latest?.sentiment ?? null,
      risks: draft.risks.length ? draft.risks : (latest?.risks ?? []),
      reply: draft.suggested_reply || latest?.suggested_reply || "",
    };
  }

  draw() {
    const latest = this.all.at(-1);
    const shown = this.shown;
    const isEmpty = !latest && !shown.summary;
    this.empty.hidden = !isEmpty;
    this.now.hidden = isEmpty;
    this.history.hidden = !this.past.childElementCount;
    setText(this.sentence, shown.summary || this.words.nothing_yet);
    this.field(this.issue, shown.issue);
    this.field(this.action, shown.action);
    this.drawMarks(shown);
    this.reply.hidden = !shown.reply;
    if (this.replyText.textContent !== shown.reply) {
      setText(this.replyText, shown.reply);
      setText(this.copy, this.said.copy);
    }
    this.drawEngine(latest);
    this.drawPhase();
  }

  drawEngine(latest) {
    this.engine.hidden = !latest;
    this.age.hidden = !latest;
    if (!latest) return;
    const extractive = latest.engine === "extractive";
    setText(this.engine, extractive ? this.words.extractive : latest.engine);
    this.engine.toggleAttribute("data-stands-in", Boolean(latest.stands_in_for));
    if (latest.stands_in_for) setTip(this.engine, fill(this.said.stood_in_tip, { reason: this.reasonOf(latest.stands_in_for) }));
    else setTip(this.engine, extractive ? this.words.extractive_tip : this.words.engine_tip);
    setText(this.engineModel, latest.model === latest.engine || latest.stands_in_for ? "" : latest.model);
    setTip(this.age, this.howMade(latest));
  }

  howMade({ turns, took_s: took, times, usage }) {
    const lines = [fill(this.words.age_tip, { turns, took: took.toFixed(2) })];
    if (times?.first_token_s != null && times.done_s != null) {
      const since = (at) => (at - times.sent_s).toFixed(2);
      lines.push(fill(this.said.until_first, { first: since(times.first_token_s), whole: since(times.done_s) }));
    }
    if (usage) lines.push(fill(this.said.tokens, { input: usage.input_tokens, cached: usage.cached_input_tokens, output: usage.output_tokens }));
    return lines.join("\n");
  }

  reasonOf(code) {
    return this.said.troubles[code] ?? this.said.trouble;
  }

  drawPhase() {
    const phase = this.isOver ? "idle" : (this.model?.phase ?? "idle");
    this.phase.hidden = phase !== "asked" && phase !== "answering";
    if (!this.phase.hidden) {
      setText(this.phase, this.said[phase]);
      setTip(this.phase, this.said.asked_tip);
    }
    const isTroubled = Boolean(this.model?.trouble) && !this.isOver;
    this.trouble.hidden = !isTroubled;
    if (!isTroubled) return;
    const reason = this.reasonOf(this.model.trouble);
    setText(this.reason, this.model.stands_in ? fill(this.said.stands_in, { reason }) : reason);
  }

  drawMarks({ intent, sentiment, risks }) {
    const marks = [];
    if (intent) {
      const percent = intent.confidence === null ? "?" : Math.round(100 * intent.confidence);
      const name = this.nameOf("intents", intent.label);
      marks.push({ kind: "intent", label: this.said.intent, text: name, extra: intent.confidence === null ? "" : `${percent}%`, tip: fill(this.said.intent_tip, { percent }) });
    }
    if (sentiment) {
      const score = `${sentiment.score < 0 ? "−" : ""}${Math.abs(sentiment.score).toFixed(1)}`;
      const trend = this.said.trends[sentiment.trend] ?? sentiment.trend;
      const tip = fill(this.said.sentiment_tip, { score, trend });
      marks.push({ kind: sentiment.label, label: this.said.sentiment, text: this.said.sentiments[sentiment.label] ?? sentiment.label, extra: `${score} ${TREND_SIGNS[sentiment.trend] ?? ""}`, tip });
    }
    for (const risk of risks) {
      marks.push({ kind: "risk", label: this.said.risk, text: this.nameOf("risks", risk.kind), extra: `“${risk.words}”`, tip: this.said.risk_tip });
    }
    this.marks.hidden = !marks.length;
    const state = JSON.stringify(marks);
    if (state === this.marksDrawn) return;
    this.marksDrawn = state;
    this.marks.replaceChildren(...marks.map((mark) => this.mark(mark)));
  }

  // A label that the prompt no longer has reads as it is.
  nameOf(kind, label) {
    return this.words.insight_names[kind]?.[label] ?? label.replaceAll("_", " ");
  }

  mark({ kind, label, text, extra, tip }) {
    const node = el("li", { "data-kind": kind }, el("span", { class: "es-sr", text: `${label}: ` }), el("b", { text }), extra ? el("span", { text: extra }) : null);
    setTip(node, tip);
    return node;
  }

  field(node, text) {
    setText(node, text || this.words.nothing_yet);
    node.classList.toggle("es-none", !text);
  }

  line(summary) {
    return el("li", {}, el("time", { class: "es-time", text: clock(summary.at_s) }), el("span", { text: summary.text.summary || this.words.nothing_yet }));
  }

  tick(nowS, live) {
    this.tickTrouble(nowS);
    const latest = this.all.at(-1);
    if (!latest) return;
    const seconds = Math.max(0, Math.floor(nowS - latest.at_s));
    if (!live) setText(this.age, fill(this.words.at, { time: clock(latest.at_s) }));
    else if (seconds < 60) setText(this.age, fill(this.words.seconds_ago, { n: seconds }));
    else setText(this.age, fill(this.words.minutes_ago, { n: Math.floor(seconds / 60) }));
  }

  tickTrouble(nowS) {
    if (this.trouble.hidden) return;
    const { phase, retry_at_s: at, is_asked_again: byItself } = this.model;
    if (phase !== "failed") setText(this.again, this.said.again_now);
    else if (!byItself) setText(this.again, this.said.again_next);
    else setText(this.again, fill(this.said.again_in, { n: Math.max(1, Math.ceil(at - nowS)) }));
  }

  ended() {
    this.isOver = true;
    setText(this.empty, this.words.summary_empty_ended);
    this.drawPhase();
  }
}

class HandbookPanel {
  constructor(words) {
    this.words = words;
    this.opened = new Set();
    this.query = el("span", { class: "es-query", hidden: true });
    const shell = card(words.handbook, this.query);
    this.root = shell.root;
    this.root.classList.add("es-handbook");
    this.empty = el("p", { class: "es-empty", text: words.handbook_empty });
    this.answer = el("p", { class: "es-answer", hidden: true });
    this.list = el("div", { class: "es-passages" });
    shell.body.append(this.empty, this.answer, this.list);
  }

  show(guidance) {
    if (!guidance || guidance.at_s === this.shown) return;
    this.shown = guidance.at_s;
    const { guidance: answer, documents } = guidance.answer;
    this.empty.hidden = documents.length > 0 || Boolean(answer);
    setText(this.empty, this.words.handbook_none);
    this.answer.hidden = !answer || documents.some((passage) => passage.snippet === answer);
    setText(this.answer, answer);
    this.query.hidden = false;
    setText(this.query, fill(this.words.asked, { query: guidance.query }));
    setTip(this.query, this.query.textContent);
    const best = Math.max(...documents.map((passage) => passage.score), 1e-9);
    this.list.replaceChildren(...documents.map((passage) => this.passage(passage, best)));
  }

  passage(passage, best) {
    const key = `${passage.source}|${passage.title}`;
    const bar = el("span", { class: "es-bar" }, el("span", { style: `width:${Math.max(0, (100 * passage.score) / best)}%` }));
    const score = el("span", { class: "es-score" }, bar, el("span", { text: passage.score.toFixed(2) }));
    setTip(score, this.words.score_tip);
    score.removeAttribute("tabindex");
    const node = el(
      "details",
      {},
      el(
        "summary",
        {},
        el("span", { class: "es-title", text: passage.title }),
        score,
        el("span", { class: "es-snippet", text: passage.snippet }),
        el("span", { class: "es-source", text: passage.source })
      )
    );
    node.open = this.opened.has(key);
    node.addEventListener("toggle", () => (node.open ? this.opened.add(key) : this.opened.delete(key)));
    return node;
  }
}
