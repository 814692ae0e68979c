// What somebody who comes in the middle has to know, and what anybody may ask about the call so far.

class CatchUpCard {
  constructor(words, catchUp) {
    this.root = el("section", { class: "es-card es-catch-up", "aria-label": words.catch_up, hidden: !catchUp });
    if (!catchUp) return;
    const away = el("button", { class: "es-away", type: "button", text: "×", "aria-label": words.dismiss });
    away.addEventListener("click", () => (this.root.hidden = true));
    const line = (label, text) => [el("dt", { text: label }), el("dd", { class: text ? null : "es-none", text: text || words.nothing_yet })];
    const last = `${catchUp.speaker}: ${catchUp.said}`;
    this.root.append(
      el("div", { class: "es-head" }, el("h2", { text: fill(words.catch_up_at, { time: clock(catchUp.at_s) }) }), away),
      el(
        "dl",
        {},
        ...line(words.customer_issue, catchUp.wanted),
        ...line(words.agent_action, catchUp.done),
        ...line(fill(words.last_said, { time: clock(catchUp.said_at_s) }), last)
      )
    );
  }
}

class QuestionPanel {
  // `tools`: `ask(question)` answers or throws, `show(seconds)` shows a moment of the transcript.
  constructor(words, tools) {
    this.words = words;
    this.tools = tools;
    this.field = el("input", { type: "text", maxlength: "300", placeholder: words.ask_placeholder, "aria-label": words.ask, autocomplete: "off" });
    this.button = el("button", { type: "submit", text: words.ask_button });
    this.form = el("form", { class: "es-ask" }, this.field, this.button);
    this.reply = el("div", { class: "es-answering", "aria-live": "polite", hidden: true });
    this.root = el("section", { class: "es-card es-questions", "aria-label": words.ask }, this.form, this.reply);
    // Enter that ends a Korean syllable is no question yet.
    this.field.addEventListener("keydown", (event) => event.key === "Enter" && event.isComposing && event.preventDefault());
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(this.field.value.trim());
    });
  }

  async ask(question) {
    if (!question || this.asking) return;
    this.asking = true;
    this.button.disabled = true;
    this.say(question, el("p", { class: "es-none", text: this.words.asking }));
    try {
      const answer = await this.tools.ask(question);
      this.say(question, ...this.answer(answer));
      this.field.value = "";
    } catch (error) {
      this.say(question, el("p", { class: "es-failed", text: error.message || this.words.ask_failed }));
    } finally {
      this.asking = false;
      this.button.disabled = false;
    }
  }

  say(question, ...lines) {
    this.reply.hidden = false;
    this.reply.replaceChildren(el("p", { class: "es-asked", text: question }), ...lines);
    this.reply.scrollTop = 0;
  }

  answer({ text, evidence, engine, model, took_s, stands_in_for }) {
    const found = evidence.map((said) => {
      const link = el("button", { class: "es-goto", type: "button", text: clock(said.start_s) });
      link.addEventListener("click", () => this.tools.show(said.start_s));
      return el("li", {}, link, el("span", { text: `${said.speaker}: ${said.text}` }));
    });
    const how = el("p", { class: "es-how" });
    const isModel = engine !== "extractive";
    setText(how, isModel ? fill(this.words.answered_by, { model: model || engine, seconds: took_s.toFixed(1) }) : stands_in_for ? this.words.answered_instead : this.words.answered_without);
    const lead = text || (found.length ? this.words.found : this.words.not_found);
    return [el("p", { class: "es-answered", text: lead }), found.length ? el("ul", {}, ...found) : null, how].filter(Boolean);
  }
}
