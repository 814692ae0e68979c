function field(name, label, type, autocomplete) {
  const row = document.createElement("label");
  row.className = "es-field";
  const words = document.createElement("span");
  words.textContent = label;
  const input = document.createElement("input");
  Object.assign(input, { name, type, autocomplete, required: true, maxLength: 256, autocapitalize: "none", spellcheck: false });
  row.append(words, input);
  return row;
}

function build(parentElement, data) {
  const form = document.createElement("form");
  form.className = "es-sign-in";
  const button = document.createElement("button");
  button.type = "submit";
  const problem = document.createElement("p");
  problem.className = "es-problem";
  problem.setAttribute("role", "alert");
  form.append(field("name", data.name, "text", "username"), field("password", data.password, "password", "current-password"), problem, button);
  // While a Korean syllable is being composed, Enter ends the syllable and not the form.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.isComposing || event.keyCode === 229)) event.preventDefault();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, button, problem);
  });
  parentElement.append(form);
  form.elements.name.focus();
  return form;
}

async function submit(form, button, problem) {
  if (button.disabled) return;
  const { given } = form;
  button.disabled = true;
  button.textContent = given.busy;
  problem.textContent = "";
  try {
    const answer = await fetch(given.address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ name: form.elements.name.value, password: form.elements.password.value }),
    });
    if (answer.ok) {
      window.location.reload();
      return;
    }
    problem.textContent = { 401: given.refused, 422: given.refused, 429: given.too_often }[answer.status] ?? given.failed;
  } catch {
    problem.textContent = given.failed;
  }
  button.disabled = false;
  button.textContent = given.submit;
  form.elements.password.select();
}

export default function ({ data, parentElement }) {
  const form = parentElement.querySelector("form") ?? build(parentElement, data);
  form.given = data;
  const [name, password] = form.querySelectorAll(".es-field span");
  name.textContent = data.name;
  password.textContent = data.password;
  const button = form.querySelector("button");
  if (!button.disabled) button.textContent = data.submit;
}
