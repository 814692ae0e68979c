// The summary with its history, and the handbook's passages.

class SummaryPanel {
  constructor(words) {
    this.words = words;
    this.all = [];
    this.engine = el("span", { class: "es-badge", hidden: true });
    this.model = el("span", { class: "es-model" });
    this.age = el("span", { class: "es-age", hidden: true });
    const shell = card(words.summary, this.engine, this.model, this.age);
    this.root = shell.root;
    this.root.classList.add("es-summary");
    this.empty = el("p", { class: "es-empty", text: words.summary_empty });
    this.sentence = el("p", { class: "es-sentence" });
    this.issue = el("dd");
    this.action = el("dd");
    this.now = el(
      "div",
      { hidden: true },
      this.sentence,
      el("dl", {}, el("dt", { text: words.customer_issue }), this.issue, el("dt", { text: words.agent_action }), this.action)
    );
    this.past = el("ol", { class: "es-past", tabindex: "0", "aria-label": words.history });
    this.history = el("div", { class: "es-history", hidden: true }, el("h3", { text: words.history }), this.past);
    shell.body.append(this.empty, this.now, this.history);
  }

  reset(summaries) {
    this.all = [];
    this.past.replaceChildren();
    this.add(summaries);
  }

  add(summaries) {
    if (!summaries.length) return;
    for (const summary of summaries) {
      const before = this.all.at(-1);
      if (before && before.text.summary !== summary.text.summary) this.past.prepend(this.line(before));
      this.all.push(summary);
    }
    const latest = this.all.at(-1);
    this.empty.hidden = true;
    this.now.hidden = false;
    this.history.hidden = !this.past.childElementCount;
    setText(this.sentence, latest.text.summary || this.words.nothing_yet);
    this.field(this.issue, latest.text.customer_issue);
    this.field(this.action, latest.text.agent_action);
    const extractive = latest.engine === "extractive";
    this.engine.hidden = false;
    setText(this.engine, extractive ? this.words.extractive : latest.engine);
    setTip(this.engine, extractive ? this.words.extractive_tip : this.words.engine_tip);
    setText(this.model, latest.model === latest.engine ? "" : latest.model);
    this.age.hidden = false;
    setTip(this.age, fill(this.words.age_tip, { turns: latest.turns, took: latest.took_s.toFixed(2) }));
  }

  field(node, text) {
    setText(node, text || this.words.nothing_yet);
    node.classList.toggle("es-none", !text);
  }

  line(summary) {
    return el("li", {}, el("time", { class: "es-time", text: clock(summary.at_s) }), el("span", { text: summary.text.summary || this.words.nothing_yet }));
  }

  tick(nowS, live) {
    const latest = this.all.at(-1);
    if (!latest) return;
    const seconds = Math.max(0, Math.floor(nowS - latest.at_s));
    if (!live) setText(this.age, fill(this.words.at, { time: clock(latest.at_s) }));
    else if (seconds < 60) setText(this.age, fill(this.words.seconds_ago, { n: seconds }));
    else setText(this.age, fill(this.words.minutes_ago, { n: Math.floor(seconds / 60) }));
  }

  ended() {
    setText(this.empty, this.words.summary_empty_ended);
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
    this.problem = el("p", { class: "es-warning", role: "status", hidden: true });
    this.older = el("p", { class: "es-older", text: words.handbook_older, hidden: true });
    shell.body.append(this.problem, this.older, this.empty, this.answer, this.list);
  }

  // A sentence, or "" for none; undefined where nothing has changed. The last passages stay.
  warn(problem) {
    if (problem === undefined) return;
    this.problem.hidden = !problem;
    setText(this.problem, problem);
    this.older.hidden = !problem || !this.list.childElementCount;
    if (problem && !this.shown) this.empty.hidden = true;
    else if (!problem && !this.shown) this.empty.hidden = false;
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
