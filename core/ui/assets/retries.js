// What becomes of a leg whose connection broke. First it is waited for: most interruptions end by themselves, on the
// same path. Then it is started again, at most five times, three seconds apart, each with a limit of its own.

const PATIENCE_MS = 7000;
const TRIES = 5;
const BETWEEN_TRIES_MS = 3000;
const TRY_LIMIT_MS = 10000;
// Longer than the server waits for a leg to connect: it says what is wrong. This is for a press that came to nothing.
const FIRST_LIMIT_MS = 25000;
// So long after a connection was made the frame's button no longer shows what was there before it.
const SETTLED_MS = 1000;
const LOOK_MS = 250;
// A page that has waited for its server for longer waits no more: nobody, and no microphone, is to be put into a call that
// the reader has long given up. By the wall clock, since the page's own may stop while the computer sleeps.
const WAIT_LIMIT_MS = 120000;

class Retries {
  // `panel` has start() and abandon(), which press the frame's START and STOP, isIdle(), whether START is back after that,
  // isAsking, whether the browser asks for the microphone, enter(phase) and giveUp(phase), mayGoOn(), whether trying makes
  // sense, and isAnswered, whether the server knows of the loss.
  constructor(panel) {
    this.panel = panel;
    this.timer = 0;
    this.reset();
  }

  reset() {
    clearTimeout(this.timer);
    this.waiting = false;
    this.number = 0;
    this.trying = false;
    this.waitsSince = null;
  }

  get under() {
    return this.waiting || this.number > 0;
  }

  // The path is silent. `lost` is called when it has been for too long.
  interrupted(lost) {
    if (this.under) return;
    clearTimeout(this.timer);
    this.waiting = true;
    this.panel.enter("interrupted");
    this.timer = setTimeout(lost, PATIENCE_MS);
  }

  // START is pressed for the reader, as soon as it is there. This try is not counted.
  first() {
    this.reset();
    this.begin();
  }

  // The connection is gone, or a try has failed.
  broken() {
    if (this.number > 0 && !this.trying) return;
    this.trying = false;
    clearTimeout(this.timer);
    this.waiting = false;
    this.number += 1;
    if (this.number > TRIES) return this.panel.giveUp("failed");
    this.panel.enter("reconnecting");
    this.timer = setTimeout(() => this.begin(), this.number > 1 ? BETWEEN_TRIES_MS : 0);
  }

  // A try that cannot reach the server is none: it waits until the page has its own connection back.
  begin() {
    if (this.number > 0 && !this.panel.mayGoOn()) return;
    const isHere = pageIsConnected() && this.panel.isAnswered;
    this.panel.enter(!isHere ? "waiting" : this.number > 0 ? "reconnecting" : "connecting");
    if (!isHere || !this.panel.start()) {
      this.waitsSince ??= Date.now();
      if (Date.now() - this.waitsSince > WAIT_LIMIT_MS) return this.panel.giveUp("failed");
      this.timer = setTimeout(() => this.begin(), LOOK_MS);
      return;
    }
    this.waitsSince = null;
    this.trying = true;
    this.follow(performance.now());
  }

  // Follows a try until START is back, which a refusal that says the same as the last one shows by nothing else, or until
  // its limit.
  follow(since) {
    this.timer = setTimeout(() => {
      if (this.panel.isAsking) return this.follow(performance.now());
      const limit = this.number > 0 ? TRY_LIMIT_MS : FIRST_LIMIT_MS;
      if (performance.now() - since < limit && !this.panel.isIdle()) return this.follow(since);
      // The answer got lost with the page's connection; the try was none.
      if (!pageIsConnected()) this.number -= 1;
      this.panel.abandon();
      this.broken();
    }, LOOK_MS);
  }
}

// Whether the page's own connection to the server stands. Streamlit tells it on its outermost element.
function pageIsConnected() {
  const state = document.querySelector("[data-test-connection-state]")?.dataset.testConnectionState;
  return state === undefined || state === "CONNECTED";
}
