/* The documents: one draft at a time, flipped between conditions. */
function browseDocuments() {
  const root = document.getElementById("document-browser");
  const data = readData("documents-data");
  if (!root || !data) return;
  const claims = root.querySelector("[name=claim]");
  const drafts = root.querySelector("[name=draft]");
  const conditions = root.querySelector(".segmented");
  const named = root.querySelector("[name=named]");
  const view = root.querySelector(".document");
  const [previous, next] = root.querySelectorAll(".pager");
  let condition = "";

  /* White space at a span's edges stays outside its decoration. */
  function segment([text, role, masked]) {
    if (role === "filler" && !masked) return [text];
    const body = text.trim();
    const start = text.indexOf(body);
    const title = masked ? `${role}, outside the loss` : role;
    const span = element("span", { class: `span ${role}${masked ? " masked" : ""}`, title, "data-role": title }, body);
    return [text.slice(0, start), span, text.slice(start + body.length)];
  }

  function show() {
    const entry = data[claims.value];
    const versions = entry.drafts[drafts.value];
    const segments = versions[condition];
    view.replaceChildren(...(segments
      ? segments.flatMap(segment)
      : [element("p", { class: "absent" }, "This draft is not among the documents of this condition.")]));
    view.classList.toggle("named", named.checked);
    for (const input of conditions.querySelectorAll("input")) input.disabled = !(input.value in versions);
    previous.disabled = drafts.selectedIndex <= 0;
    next.disabled = drafts.selectedIndex >= drafts.options.length - 1;
  }

  function choice(name) {
    const input = element("input", { type: "radio", name: "document-condition", value: name });
    input.checked = name === condition;
    input.addEventListener("change", () => { condition = name; show(); });
    return element("label", null, input, element("span", null, asWords(name)));
  }

  function chooseClaim() {
    const entry = data[claims.value];
    const ids = Object.keys(entry.drafts);
    fillSelect(drafts, null, ids.map((id, i) => [id, `${i + 1} of ${ids.length} · ${id}`]));
    if (!entry.conditions.includes(condition)) {
      condition = entry.conditions.includes("negated") ? "negated" : entry.conditions[0];
    }
    conditions.replaceChildren(conditions.querySelector("legend"), ...entry.conditions.map(choice));
    show();
  }

  const filled = Object.entries(data).filter(([, entry]) => Object.keys(entry.drafts).length);
  if (!filled.length) return;
  fillSelect(claims, null, filled.map(([id, entry]) => [id, entry.title]));
  claims.closest("label").hidden = filled.length < 2;
  claims.addEventListener("change", chooseClaim);
  drafts.addEventListener("change", show);
  named.addEventListener("change", show);
  previous.addEventListener("click", () => { drafts.selectedIndex -= 1; show(); });
  next.addEventListener("click", () => { drafts.selectedIndex += 1; show(); });
  chooseClaim();
}
browseDocuments();
