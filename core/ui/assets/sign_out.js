async function leave(button, status) {
  const { address, xsrf, failed } = button.given;
  button.disabled = true;
  try {
    const answer = await fetch(address, { method: "DELETE", headers: { "X-Earshot-Xsrf": xsrf } });
    // 401: this sign-in has ended elsewhere, which is what was wanted.
    if (answer.ok || answer.status === 401) {
      window.location.reload();
      return;
    }
  } catch {
    // Said below, as for every other answer.
  }
  status.textContent = failed;
  button.disabled = false;
}

export default function ({ data, parentElement }) {
  let button = parentElement.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "es-sign-out";
    const status = document.createElement("span");
    status.className = "es-problem";
    status.setAttribute("role", "alert");
    parentElement.append(button, status);
    button.addEventListener("click", () => leave(button, status));
  }
  button.given = data;
  button.textContent = data.label;
}
