/* The answer browser: filters over all answers, one page of them in the document. */
function browseAnswers() {
  const root = document.getElementById("answer-browser");
  const data = readData("answers-data");
  if (!root || !data) return;
  const PAGE = 30;
  const form = root.querySelector("form");
  const list = root.querySelector(".answers");
  const count = root.querySelector(".count");
  const place = root.querySelector(".place");
  const [previous, next] = root.querySelectorAll(".pager");
  const questionChip = root.querySelector(".question-filter");
  const [ARM, PROMPT, QUESTION, SAMPLE, FINISH, TOKENS, ANSWER, VERDICTS, REASONS] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const [CLAIM, CONDITION, MODEL, SEED] = [0, 1, 2, 3];
  const MISSING = "missing";
  let wantedQuestion = null;
  let found = [];
  let page = 0;

  const verdictOf = (row, judge) => (row[VERDICTS][judge] >= 0 ? data.verdicts[row[VERDICTS][judge]] : MISSING);
  const promptTexts = data.prompts.map((turns) => turns.map((turn) => turn[1]).join("\n").toLowerCase());
  const answerTexts = data.rows.map((row) => (row[ANSWER] || "").toLowerCase());
  const distinct = (values) => [...new Set(values)].map((value) => [String(value), asWords(String(value))]);

  function setUp() {
    const field = (name) => form.elements[name];
    fillSelect(field("claim"), "All claims", distinct(data.arms.map((arm) => arm[CLAIM])));
    fillSelect(field("condition"), "All conditions", distinct(data.arms.map((arm) => arm[CONDITION])));
    fillSelect(field("model"), "All models", distinct(data.arms.map((arm) => arm[MODEL])));
    fillSelect(field("seed"), "All seeds", distinct(data.arms.map((arm) => arm[SEED]).sort((a, b) => a - b)));
    fillSelect(field("instrument"), "All instruments", distinct(data.questions.map((question) => question[1])));
    fillSelect(field("verdict"), "All verdicts", [...data.verdicts, MISSING].map((name) => [name, name]));
    fillSelect(field("finish"), "Any ending", data.finishes.map((name) => [name, endings[name] || name]));
    for (const name of ["claim", "model", "seed"]) {
      field(name).closest("label").hidden = field(name).options.length <= 2;
    }
  }

  const endings = { stop: "finished", length: "cut off", error: "call failed" };

  function matches(row, index, wanted) {
    const arm = data.arms[row[ARM]];
    const question = data.questions[row[QUESTION]];
    return (
      (!wanted.claim || arm[CLAIM] === wanted.claim) &&
      (!wanted.condition || arm[CONDITION] === wanted.condition) &&
      (!wanted.model || arm[MODEL] === wanted.model) &&
      (!wanted.seed || String(arm[SEED]) === wanted.seed) &&
      (!wanted.instrument || question[1] === wanted.instrument) &&
      (!wanted.finish || data.finishes[row[FINISH]] === wanted.finish) &&
      (!wanted.verdict || verdictOf(row, 0) === wanted.verdict) &&
      (!wantedQuestion || (question[0] === wantedQuestion.id && arm[CLAIM] === wantedQuestion.claim)) &&
      (!wanted.text || answerTexts[index].includes(wanted.text) || promptTexts[row[PROMPT]].includes(wanted.text))
    );
  }

  function filter() {
    const wanted = Object.fromEntries(new FormData(form));
    wanted.text = wanted.text.trim().toLowerCase();
    found = [];
    data.rows.forEach((row, index) => { if (matches(row, index, wanted)) found.push(row); });
    page = 0;
    show();
  }

  function turn(who, content) {
    return element("div", { class: "turn" }, element("span", { class: "who" }, who), content);
  }

  /* Answers made elsewhere come without a token count: then nobody knows how they ended. */
  function length(row) {
    if (row[ANSWER] && row[TOKENS] === 0) return "length and ending not recorded";
    const ending = data.finishes[row[FINISH]];
    return `${row[TOKENS]} tokens, ${endings[ending] || ending}`;
  }

  function longText(text, needle) {
    const body = element("div", { class: "text" }, highlighted(text, needle));
    if (text.length < 700 && text.split("\n").length < 9) return body;
    body.classList.add("clamped");
    const more = element("button", { type: "button", class: "more", onclick: () => {
      const clamped = body.classList.toggle("clamped");
      more.textContent = clamped ? "Show all" : "Show less";
    } }, "Show all");
    return element("div", null, body, more);
  }

  /* One question with those of its answers that stand on this page. */
  function questionCard(rows) {
    const question = data.questions[rows[0][QUESTION]];
    const needle = form.elements.text.value.trim().toLowerCase();
    return element("li", { class: "answer" },
      element("header", null,
        element("span", null, asWords(question[1]), question[2] ? `, ${asWords(question[2])}` : ""),
        element("span", { class: "mono" }, question[0]),
        form.elements.claim.options.length > 2 ? element("span", null, data.arms[rows[0][ARM]][CLAIM]) : null,
      ),
      data.prompts[rows[0][PROMPT]].map(([who, text]) => turn(who, longText(text, needle))),
      element("ul", { class: "replies" }, rows.map(reply)),
    );
  }

  function reply(row) {
    const arm = data.arms[row[ARM]];
    const needle = form.elements.text.value.trim().toLowerCase();
    const several = data.judges.length > 1;
    const verdicts = data.judges.map((judge, i) => {
      const verdict = verdictOf(row, i);
      return element("span", { class: `chip ${verdict}` }, several ? `${judge}: ${verdict}` : verdict);
    });
    const reasons = data.judges.map((judge, i) => {
      const reason = row[REASONS][i] >= 0 ? data.reasons[row[REASONS][i]] : "not rated";
      return reason ? element("span", null, several ? `${judge}: ${reason}` : `Reason: ${reason}`) : null;
    });
    const ending = data.finishes[row[FINISH]];
    const answer = row[ANSWER] === null
      ? element("div", { class: "text absent" }, "no answer: the call failed")
      : longText(row[ANSWER] || "(empty answer)", needle);
    return element("li", { class: "reply" },
      element("div", { class: "reply-head" },
        element("b", null, asWords(arm[CONDITION])), verdicts,
        ending === "stop" ? null : element("span", { class: "chip missing" }, endings[ending] || ending),
      ),
      element("div", { class: "reply-body" }, answer,
        element("footer", null, reasons,
          element("span", null, length(row)),
          element("span", null, `sample ${row[SAMPLE]}`),
          form.elements.seed.options.length > 2 ? element("span", null, `seed ${arm[SEED]}`) : null,
          form.elements.model.options.length > 2 ? element("span", null, arm[MODEL]) : null,
        ),
      ),
    );
  }

  /* Neighbours that answer the same prompt, together. */
  function grouped(rows) {
    const groups = [];
    for (const row of rows) {
      const last = groups.at(-1);
      if (last && last[0][PROMPT] === row[PROMPT] && last[0][QUESTION] === row[QUESTION]) last.push(row);
      else groups.push([row]);
    }
    return groups;
  }

  function show() {
    const pages = Math.max(1, Math.ceil(found.length / PAGE));
    list.replaceChildren(...grouped(found.slice(page * PAGE, (page + 1) * PAGE)).map(questionCard));
    const kept = data.rows.length < data.total ? ` (of ${data.total.toLocaleString("en")} in the run)` : "";
    count.textContent = `${found.length.toLocaleString("en")} of ${data.rows.length.toLocaleString("en")} answers${kept}`;
    place.textContent = `Page ${page + 1} of ${pages}`;
    previous.disabled = page === 0;
    next.disabled = page >= pages - 1;
    questionChip.hidden = !wantedQuestion;
    if (wantedQuestion) questionChip.textContent = `Question ${wantedQuestion.id} ✕`;
  }

  function turnPage(step) {
    page += step;
    show();
    root.scrollIntoView({ block: "start" });
  }

  /* From the heat map: one question, under one condition or all. */
  function showQuestion(cell) {
    form.reset();
    wantedQuestion = { id: cell.dataset.question, claim: cell.dataset.claim };
    form.elements.condition.value = cell.dataset.condition || "";
    form.elements.model.value = cell.dataset.model;
    filter();
    document.getElementById("answers").scrollIntoView();
    questionChip.focus({ preventScroll: true });
  }

  let pending = 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", (event) => {
    clearTimeout(pending);
    pending = setTimeout(filter, event.target.name === "text" ? 150 : 0);
  });
  form.addEventListener("reset", () => { wantedQuestion = null; setTimeout(filter, 0); });
  questionChip.addEventListener("click", () => { wantedQuestion = null; filter(); });
  previous.addEventListener("click", () => turnPage(-1));
  next.addEventListener("click", () => turnPage(1));
  document.querySelector("main").addEventListener("click", (event) => {
    const cell = event.target.closest("[data-question]");
    if (cell) showQuestion(cell);
  });
  setUp();
  filter();
}
browseAnswers();
