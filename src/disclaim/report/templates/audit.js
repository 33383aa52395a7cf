/* The browser of rows with findings: filters over all that the page holds, one page of them in the document. */
function browseRows() {
  const root = document.getElementById("row-browser");
  const data = readData("audit-data");
  if (!root || !data) return;
  const PAGE = 20;
  const form = root.querySelector("form");
  const list = root.querySelector(".answers");
  const count = root.querySelector(".count");
  const place = root.querySelector(".toolbar .place");
  const [previous, next] = root.querySelectorAll(".pager");
  const wantedClaim = root.querySelector(".wanted-claim");
  const [TEXT, CLAIMS, CUES] = [0, 1, 2];
  const reaches = { document: "the whole text", before: "text before it", after: "text after it", around: "text around it" };
  let claim = null;
  let found = [];
  let page = 0;

  const texts = data.rows.map((row) => row.passages.map((passage) => passage.parts.map((part) => part[TEXT]).join("")).join("\n").toLowerCase());

  function setUp() {
    const all = data.rows.flatMap((row) => row.findings);
    const rules = [...new Set(all.map((finding) => finding.rule))].sort();
    const severities = ["error", "warning", "note"].filter((name) => all.some((finding) => finding.severity === name));
    fillSelect(form.elements.rule, "All rules", rules.map((name) => [name, data.rules[name] ? `${name} ${data.rules[name].title}` : name]));
    fillSelect(form.elements.severity, "All severities", severities.map((name) => [name, name]));
    const files = [...new Set(data.rows.map((row) => row.file))];
    fillSelect(form.elements.file, "All files", files.map((number) => [String(number), data.files[number]]));
    form.elements.file.closest("label").hidden = files.length < 2;
    form.elements.severity.closest("label").hidden = severities.length < 2;
    root.hidden = false;
    for (const button of document.querySelectorAll("[data-claim]")) {
      const number = Number(button.dataset.claim);
      button.hidden = !all.some((finding) => finding.claims.includes(number));
      button.addEventListener("click", () => {
        form.reset();
        claim = number;
        filter();
        document.getElementById("findings").scrollIntoView();
      });
    }
  }

  const fits = (finding, wanted) =>
    (!wanted.rule || finding.rule === wanted.rule) &&
    (!wanted.severity || finding.severity === wanted.severity) &&
    (claim === null || finding.claims.includes(claim));

  function filter() {
    const wanted = Object.fromEntries(new FormData(form));
    wanted.text = wanted.text.trim().toLowerCase();
    found = data.rows.filter((row, index) =>
      (!wanted.file || String(row.file) === wanted.file) &&
      (!wanted.text || texts[index].includes(wanted.text)) &&
      row.findings.some((finding) => fits(finding, wanted)));
    wantedClaim.hidden = claim === null;
    wantedClaim.querySelector(".chip").textContent = claim === null ? "" : data.claims[claim] || "";
    page = 0;
    show();
  }

  /* The findings that the filters ask for come first in the eye: the others lose their marks. */
  function card(row) {
    const wanted = Object.fromEntries(new FormData(form));
    const needle = wanted.text.trim().toLowerCase();
    const shown = new Set(row.findings.flatMap((finding, index) => (fits(finding, wanted) ? [index] : [])));
    const spans = [];
    const passages = row.passages.map((passage) => element("div", { class: "passage" },
      element("div", { class: "who" }, passage.role && !passage.name.includes(passage.role) ? `${passage.name}, ${passage.role}` : passage.name),
      element("div", { class: "text" }, passage.parts.map((part) => stretch(part, shown, needle, spans))),
    ));
    const body = element("div", null, passages);
    let picked = null;
    const buttons = row.findings.map((finding, index) => shown.has(index) ? chip(finding, () => {
      picked = picked === index ? null : index;
      body.classList.toggle("picking", picked !== null);
      for (const [node, numbers] of spans) node.classList.toggle("picked", numbers.includes(picked));
      buttons.forEach((button, place) => button && button.setAttribute("aria-pressed", String(place === picked)));
    }) : null);
    const more = row.num_findings - row.findings.length;
    return element("li", { class: "answer" },
      element("header", null,
        element("b", { class: "file" }, data.files[row.file]),
        element("span", null, `row ${row.row.toLocaleString("en")}`),
        row.id === null ? null : element("span", { class: "mono" }, row.id),
        more > 0 ? element("span", null, `${more.toLocaleString("en")} more findings in this row`) : null),
      element("ul", { class: "found" }, buttons.filter(Boolean).map((button) => element("li", null, button))),
      body);
  }

  function chip(finding, onclick) {
    const title = data.rules[finding.rule] ? data.rules[finding.rule].title : "";
    return element("button", {
      type: "button", onclick, "aria-pressed": "false",
      title: `${finding.place}; reaches ${reaches[finding.scope]}; confidence ${finding.confidence}; found by ${finding.tier}${finding.note ? `; ${finding.note}` : ""}`,
    }, element("span", { class: finding.severity }, finding.severity), element("span", { class: "mono" }, finding.rule), title);
  }

  function stretch(part, shown, needle, spans) {
    if (part[CLAIMS] === null) return element("span", { class: "left-out" }, part[TEXT]);
    const claims = part[CLAIMS].filter((number) => shown.has(number));
    const cues = part[CUES].filter((number) => shown.has(number));
    const words = highlighted(part[TEXT], needle);
    if (!claims.length && !cues.length) return element("span", null, words);
    const node = element("span", { class: `span${claims.length ? " claim" : ""}${cues.length ? " notice" : ""}` }, words);
    spans.push([node, [...claims, ...cues]]);
    return node;
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    page = Math.min(page, pages - 1);
    list.replaceChildren(...found.slice(page * PAGE, (page + 1) * PAGE).map(card));
    count.textContent = `${found.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")} rows`;
    place.textContent = pages > 1 ? `page ${page + 1} of ${pages}` : "";
    previous.hidden = next.hidden = pages < 2;
    previous.disabled = page === 0;
    next.disabled = page === pages - 1;
  }

  const turn = (by) => { page += by; show(); document.getElementById("findings").scrollIntoView(); };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => { claim = null; setTimeout(filter); });
  previous.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  wantedClaim.querySelector("button").addEventListener("click", () => { claim = null; filter(); });
  setUp();
  filter();
}
browseRows();
