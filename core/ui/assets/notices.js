// Notifications of the browser for critical alerts: a switch that this browser remembers, and what is shown when a new
// alert comes. Permission is asked for when somebody turns the switch on, and at no other time.

const NOTICES_KEY = "earshot-notices";

class Notices {
  constructor(words, locale) {
    this.words = words;
    this.locale = locale;
    this.seen = new Set();
    this.box = el("input", { type: "checkbox", role: "switch" });
    this.root = el("label", { class: "es-notices" }, this.box, el("span", { text: words.switch }));
    this.box.addEventListener("change", () => this.turn(this.box.checked));
    // Other pages of this browser have the same switch, and so has another view of this page.
    this.follow = () => this.show();
    for (const kind of ["storage", NOTICES_KEY]) window.addEventListener(kind, this.follow);
    this.show();
  }

  get isAvailable() {
    return "Notification" in window && window.isSecureContext && !this.isRefused;
  }

  get isOn() {
    return this.isAvailable && Notification.permission === "granted" && this.remembered() === "on";
  }

  remembered() {
    try {
      return window.localStorage.getItem(NOTICES_KEY);
    } catch {
      return null;
    }
  }

  async turn(on) {
    if (this.box.getAttribute("aria-disabled") === "true") {
      this.show();
      return;
    }
    if (on && Notification.permission === "default") await Notification.requestPermission();
    try {
      window.localStorage.setItem(NOTICES_KEY, on && Notification.permission === "granted" ? "on" : "off");
    } catch {
      // A browser that keeps nothing cannot remember the switch, and leaves it off.
    }
    window.dispatchEvent(new Event(NOTICES_KEY));
  }

  show() {
    const isDenied = this.isAvailable && Notification.permission === "denied";
    const { unavailable, unsupported, denied, tip } = this.words;
    const missing = this.isRefused ? unsupported : unavailable;
    this.box.checked = this.isOn;
    // It stays reachable for the keyboard, because it says why it cannot be turned on.
    this.box.setAttribute("aria-disabled", String(!this.isAvailable || isDenied));
    this.root.title = this.isAvailable ? (isDenied ? denied : tip) : missing;
    this.box.setAttribute("aria-description", this.root.title);
  }

  // Alerts of a call as they are now. What is there when the page first sees the call is no news.
  take(callId, alerts, people, isNews) {
    for (const alert of alerts) {
      const key = `${callId}|${alert.id}`;
      if (this.seen.has(key)) continue;
      this.seen.add(key);
      if (isNews && this.isOn && alert.notify && alert.level === "critical" && (alert.cleared_at_s ?? null) === null) this.raise(key, alert, people);
    }
  }

  raise(key, alert, people) {
    const { body, body_nobody } = this.words;
    const options = {
      body: people ? fill(body, { people }) : body_nobody,
      // Of two pages that show the same call, the second replaces what the first has shown.
      tag: `earshot|${key}`,
      lang: this.locale,
    };
    let notice;
    try {
      notice = new Notification(nameOfRule(alert, this.locale), options);
    } catch {
      // Browsers of phones have the constructor, and refuse to be called from a page.
      this.isRefused = true;
      this.show();
      return;
    }
    notice.addEventListener("click", () => {
      window.focus();
      notice.close();
    });
  }

  close() {
    for (const kind of ["storage", NOTICES_KEY]) window.removeEventListener(kind, this.follow);
  }
}

function nameOfRule(alert, locale) {
  return alert.names[locale] ?? Object.values(alert.names)[0] ?? alert.id;
}

function peopleOf(call, words) {
  const speakers = call.participants.filter((one) => one.role !== "supervisor");
  return speakers.map((one) => one.name || words.roles[one.role]).join(", ");
}
