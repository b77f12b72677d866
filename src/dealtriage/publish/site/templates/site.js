"use strict";
(function () {
  const list = document.getElementById("list"), search = document.getElementById("search"), phase = document.getElementById("phase");
  const fold = document.getElementById("fold"), sort = document.getElementById("sort"), dead = document.getElementById("dead"), count = document.getElementById("count");
  if (list && search && phase) {
    const body = list.tBodies[0], rows = Array.from(body.rows), rest = rows.filter((row) => "rest" in row.dataset);
    let folded = fold !== null && rest.length > 0 && rest.length < rows.length;
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const show = function () {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), asked = words.length > 0 || phase.value !== "";
      let shown = 0;
      for (const row of rows) {
        const fits = words.every((word) => texts.get(row).includes(word)) && (phase.value === "" || row.dataset.phase === phase.value);
        row.hidden = !fits || (folded && !asked && "rest" in row.dataset);
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + rows.length + " deals shown";
      if (fold) {
        fold.hidden = asked || rest.length === 0 || rest.length === rows.length;
        fold.textContent = folded ? "Show the other " + rest.length : "Only this week's";
        fold.setAttribute("aria-expanded", String(!folded));
      }
    };
    search.addEventListener("input", show);
    phase.addEventListener("change", show);
    search.form.addEventListener("submit", (event) => event.preventDefault());
    if (fold) fold.addEventListener("click", function () { folded = !folded; show(); });
    const order = function (place, isNumber, sign) {
      const key = (row) => row.cells[place].dataset.value;
      rows.sort(function (a, b) {
        const one = key(a), other = key(b);
        if (one === "" || other === "") return (one === "") - (other === "");
        return sign * (isNumber ? Number(one) - Number(other) : one.localeCompare(other));
      });
      body.append(...rows);
    };
    const unmark = () => list.querySelectorAll("th[aria-sort]").forEach((one) => one.removeAttribute("aria-sort"));
    if (sort) sort.addEventListener("change", function () {
      const [place, sign] = (sort.value || "0,1").split(",").map(Number);
      unmark();
      order(place, list.tHead.rows[0].cells[place].dataset.sort === "number", sign);
    });
    if (dead) dead.addEventListener("click", function () { search.value = "dead"; phase.value = "close out"; show(); });
    list.querySelectorAll("thead th[data-sort]").forEach(function (head) {
      const button = document.createElement("button"), place = head.cellIndex, isNumber = head.dataset.sort === "number";
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", function () {
        const down = head.getAttribute("aria-sort") === "ascending";
        unmark();
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        order(place, isNumber, down ? -1 : 1);
      });
    });
    show();
  }
  const copy = async function (text, source) {
    try {
      await navigator.clipboard.writeText(text);
    } catch (error) {
      const range = document.createRange();
      range.selectNodeContents(source);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
  };
  const answer = document.getElementById("answer");
  if (answer) {
    const lesson = document.getElementById("lesson"), line = document.getElementById("line"), button = document.getElementById("copy-line");
    const build = function () {
      const said = lesson.value.trim().replace(/\s+/g, " ").replace(/"/g, '""');
      line.textContent = said === "" ? "" : answer.dataset.deal + ',lesson,"' + said + '",' + answer.dataset.day;
      button.disabled = said === "";
      button.textContent = "Copy the line";
    };
    answer.hidden = false;
    lesson.addEventListener("input", build);
    button.addEventListener("click", async function () { await copy(line.textContent, line); button.textContent = "Copied"; });
    build();
  }
  document.querySelectorAll(".playbook blockquote, .playbook pre").forEach(function (text) {
    if (text.textContent.includes(",lesson,")) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = text.tagName === "PRE" ? "Copy the line" : "Copy the text";
    button.addEventListener("click", async function () {
      await copy(text.innerText.trim(), text);
      button.textContent = "Copied";
    });
    text.after(button);
  });
})();
