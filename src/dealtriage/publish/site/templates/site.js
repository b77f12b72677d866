"use strict";
(function () {
  const list = document.getElementById("list"), search = document.getElementById("search"), phase = document.getElementById("phase");
  const fold = document.getElementById("fold"), count = document.getElementById("count");
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
    list.querySelectorAll("thead th[data-sort]").forEach(function (head) {
      const button = document.createElement("button"), place = head.cellIndex, isNumber = head.dataset.sort === "number";
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", function () {
        const down = head.getAttribute("aria-sort") === "ascending";
        list.querySelectorAll("th[aria-sort]").forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const key = (row) => row.cells[place].dataset.value;
        rows.sort((a, b) => (down ? -1 : 1) * (isNumber ? Number(key(a)) - Number(key(b)) : key(a).localeCompare(key(b))));
        body.append(...rows);
      });
    });
    show();
  }
  document.querySelectorAll(".playbook blockquote, .playbook pre").forEach(function (text) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = text.tagName === "PRE" ? "Copy the line" : "Copy the text";
    button.addEventListener("click", async function () {
      try {
        await navigator.clipboard.writeText(text.innerText.trim());
      } catch (error) {
        const range = document.createRange();
        range.selectNodeContents(text);
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand("copy");
      }
      button.textContent = "Copied";
    });
    text.after(button);
  });
})();
