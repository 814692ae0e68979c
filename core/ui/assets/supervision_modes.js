// How a supervisor takes part: one row of modes in the place of START and STOP. The mode in force is the one that the
// server says; a mode that is heard is asked for only once the microphone is there, so that nobody speaks into the void.

const ANSWER_LIMIT_MS = 10000;

class SupervisionControl {
  constructor(panel) {
    this.panel = panel;
    this.words = panel.words.supervision;
    // The mode that was pressed, until the server has it.
    this.wish = null;
    // Number of the request that the server has not answered yet.
    this.asked = null;
    this.number = 0;
    this.problem = "";
    this.build();
  }

  build() {
    const { words } = this;
    const button = (mode) => {
      const node = el("button", { type: "button", "data-mode": mode, title: words.modes[mode].tip, text: words.modes[mode].label });
      node.addEventListener("click", () => this.choose(mode));
      return node;
    };
    this.buttons = words.offered
      .filter((mode) => mode === words.silent || this.panel.data.supervision.may_speak)
      .map(button);
    this.modes = el("div", { class: "modes", role: "group", "aria-label": words.group }, ...this.buttons);
    this.leaving = el("button", { type: "button", class: "leave", text: words.leave, title: words.leave_tip, hidden: true });
    this.leaving.addEventListener("click", () => this.leave());
    this.says = el("p", { class: "says", role: "status" });
    const line = this.panel.box.querySelector(".line");
    line.prepend(this.modes, this.leaving);
    this.panel.box.append(this.says);
  }

  get microphone() {
    return this.panel.microphone;
  }

  get connected() {
    return this.panel.phase === "connected";
  }

  // The server's word on the mode; null while nobody is there.
  get mode() {
    return this.panel.data.supervision.mode;
  }

  isHeard(mode) {
    return mode !== null && mode !== this.words.silent;
  }

  async choose(mode) {
    if (this.wish === mode || (mode === this.mode && this.connected && !this.wish)) return;
    this.problem = "";
    this.wish = mode;
    this.asked = null;
    this.draw();
    if (!this.isHeard(mode)) await this.microphone?.hush();
    else if (!(await this.microphone.speak())) {
      if (this.wish === mode) this.wish = null;
      return this.panel.draw();
    }
    if (this.wish !== mode) return;
    this.panel.startAsReader();
    this.follow();
  }

  leave() {
    this.wish = this.asked = null;
    this.problem = "";
    this.microphone?.hush();
    this.panel.stop();
  }

  // Brings wish, server and microphone together: after every answer of the server and every change of the connection.
  follow() {
    const { answered, problem } = this.panel.data.supervision;
    if (this.asked !== null && answered === this.asked) this.settle(problem);
    if (this.wish === this.mode && this.asked === null) this.wish = null;
    if (this.connected && this.mode !== null) {
      if (this.wish) this.ask();
      else if (!this.isHeard(this.mode)) this.microphone?.hush();
      else if (this.microphone.silent) this.speakAgain();
    }
    this.draw();
  }

  phaseChanged() {
    if (["stopped", "ended", "failed"].includes(this.panel.phase)) {
      this.wish = this.asked = null;
      this.microphone?.hush();
    }
    this.follow();
  }

  ask() {
    if (this.asked !== null) return;
    this.number = Math.max(this.number, this.panel.data.supervision.answered) + 1;
    this.asked = this.number;
    this.panel.report("mode", { mode: this.wish, number: this.asked });
    clearTimeout(this.patience);
    const { asked } = this;
    this.patience = setTimeout(() => this.asked === asked && this.settle(this.words.no_answer), ANSWER_LIMIT_MS);
  }

  settle(problem) {
    clearTimeout(this.patience);
    this.asked = this.wish = null;
    this.problem = problem;
    this.draw();
  }

  // The connection came back and the server still has the reader in a mode that is heard.
  async speakAgain() {
    const { mode } = this;
    this.wish = mode;
    const heard = await this.microphone.speak();
    if (this.wish !== mode) return;
    this.wish = heard ? null : this.words.silent;
    this.follow();
  }

  // What is in force, which is not what was pressed a moment ago.
  get shown() {
    return this.connected || ["interrupted", "reconnecting", "waiting"].includes(this.panel.phase) ? this.mode : null;
  }

  draw() {
    const { panel, words, shown } = this;
    for (const button of this.buttons) {
      const { mode } = button.dataset;
      button.setAttribute("aria-pressed", String(mode === shown));
      button.toggleAttribute("data-wished", mode === this.wish && mode !== shown);
    }
    const there = panel.wanted;
    this.leaving.hidden = !there;
    panel.box.dataset.mode = shown ?? "";
    setText(this.says, this.sentence(shown, there));
    if (this.drawnPhase !== panel.phase) {
      this.drawnPhase = panel.phase;
      queueMicrotask(() => this.phaseChanged());
    }
  }

  sentence(shown, there) {
    const { words } = this;
    if (this.problem) return this.problem;
    if (this.wish && this.wish !== shown && this.connected) return fill(words.changing, { mode: words.modes[this.wish].label });
    if (shown) return words.modes[shown].says;
    return there ? words.joining : words.away;
  }
}
