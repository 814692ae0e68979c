// A box for what is written beside the voice. Enter sends, Shift+Enter begins a line; while a syllable is being composed
// Enter belongs to the input method. Nothing but the reader and a sending empties it.

const COMPOSED_BY_INPUT_METHOD = 229;
// From this share of the limit on, what is left is told.
const NEAR_LIMIT = 0.8;

class TextBox {
  // `send(text)` is given what was finished, whole. `draft` is a KeptText; `longest` counts characters as Python does.
  constructor(words, { send, draft, longest }) {
    this.send = send;
    this.draft = draft;
    this.longest = longest;
    this.isReady = false;
    this.isClosed = false;
    this.composing = false;
    this.sendOnceComposed = false;
    this.field = el("textarea", { class: "pt-field", rows: "1", enterkeyhint: "send", autocomplete: "off", autocapitalize: "sentences" });
    this.button = el("button", { type: "button", class: "pt-send" });
    this.count = el("p", { class: "pt-count", role: "status" });
    this.count.id = `pt-count-${Math.random().toString(36).slice(2)}`;
    this.field.setAttribute("aria-describedby", this.count.id);
    this.root = el("div", { class: "pt-box" }, this.field, this.button, this.count);
    this.field.value = draft.read();
    this.relabel(words);
    this.listen();
  }

  relabel(words) {
    this.words = words;
    this.field.placeholder = this.isReady ? words.write : words.write_later;
    this.field.setAttribute("aria-label", words.write_label);
    this.field.title = words.write_tip;
    setText(this.button, words.send);
    this.changed();
  }

  // Before that, what is written stays.
  setReady(isReady) {
    if (this.isReady === isReady) return;
    this.isReady = isReady;
    this.relabel(this.words);
  }

  listen() {
    const { field } = this;
    field.addEventListener("compositionstart", () => (this.composing = true));
    field.addEventListener("compositionend", () => this.composed());
    field.addEventListener("input", () => this.changed());
    field.addEventListener("keydown", (event) => this.pressed(event));
    field.addEventListener("keyup", () => (this.ofComposition = false));
    field.addEventListener("beforeinput", (event) => this.breaking(event));
    this.button.addEventListener("click", () => this.finishAndSend());
  }

  pressed(event) {
    this.shift = event.shiftKey;
    this.ofComposition = false;
    if (event.key !== "Enter" || event.shiftKey) return;
    // Safari ends the composition before it tells of the key that ended it, and marks that key by its code alone.
    const isInputMethods = event.keyCode === COMPOSED_BY_INPUT_METHOD;
    this.ofComposition = isInputMethods || event.isComposing || this.composing;
    if (!isInputMethods) event.preventDefault();
    if (!this.ofComposition) this.submit();
  }

  // Keyboards on phones tell of the line alone, and of no key. The key that ended a syllable makes no line either.
  breaking(event) {
    if (this.shift || !["insertLineBreak", "insertParagraph"].includes(event.inputType)) return;
    event.preventDefault();
    if (!this.composing && !event.isComposing && !this.ofComposition) this.submit();
  }

  composed() {
    this.composing = false;
    if (!this.sendOnceComposed) return;
    this.sendOnceComposed = false;
    // Browsers differ in whether the last syllable is in the field before or after this event.
    setTimeout(() => this.submit(), 0);
  }

  // The button ends a syllable that is being composed, and sends it with the rest.
  finishAndSend() {
    if (this.composing) {
      this.sendOnceComposed = true;
      this.field.blur();
    } else this.submit();
    this.field.focus();
  }

  submit() {
    if (this.composing) return;
    const text = this.field.value.trim();
    if (!text || !this.isReady || this.isClosed || this.left(text) < 0) return;
    this.field.value = "";
    this.changed();
    this.send(text);
  }

  left(text) {
    return this.longest - [...text].length;
  }

  changed() {
    const { field, words } = this;
    this.draft.keep(field.value);
    const left = this.left(field.value.trim());
    const isNear = left < this.longest * (1 - NEAR_LIMIT);
    setText(this.count, left < 0 ? fill(words.too_long, { count: -left, longest: this.longest }) : isNear ? fill(words.characters_left, { count: left }) : "");
    this.count.toggleAttribute("data-over", left < 0);
    field.toggleAttribute("aria-invalid", left < 0);
    this.button.disabled = !this.isReady || this.isClosed || left < 0;
    field.style.height = "auto";
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  // A call that is over takes no more; what was not sent stays to be copied.
  close() {
    this.isClosed = true;
    this.field.readOnly = true;
    this.root.hidden = !this.field.value;
    this.changed();
  }
}

// A text of this tab that a reload does not lose.
class KeptText {
  constructor(key) {
    this.key = key;
  }

  read() {
    try {
      return window.sessionStorage.getItem(this.key) ?? "";
    } catch {
      return "";
    }
  }

  // Where the browser forbids it the text lives as long as the page.
  keep(text) {
    try {
      if (text) window.sessionStorage.setItem(this.key, text);
      else window.sessionStorage.removeItem(this.key);
    } catch {
      return;
    }
  }
}
