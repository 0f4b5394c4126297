"use strict";

const content = JSON.parse(document.getElementById("content").textContent);

/** An element with classes, texts (never HTML: names of songs are anybody's text) and children. */
function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function tableOf(columns, rows) {
  const head = element("tr", "", ...columns.map((name) => element("th", "", name)));
  const body = rows.map((cells) => element("tr", "", ...cells));
  return element("table", "", element("thead", "", head), element("tbody", "", ...body));
}

function plain(value) {
  if (value === null) return "–";
  if (typeof value !== "number") return String(value);
  const digits = Math.abs(value) >= 1000 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 };
  return value.toLocaleString("en", Number.isInteger(value) ? {} : digits);
}

/* --- Charts ----------------------------------------------------------------------------- */

async function draw(figure) {
  const place = document.querySelector(`.chart[data-figure="${figure.name}"]`);
  const specification = { ...figure.specification, datasets: { [content.rows]: figure.rows } };
  // expressions are interpreted, since the page allows no code to be made from text
  const legend = { ...content.style.legend, columns: place.clientWidth < 400 ? 2 : 4 };
  const config = { ...content.style, legend };
  await vegaEmbed(place, specification, { renderer: "svg", actions: false, ast: true, config });
}

async function drawAll() {
  for (const figure of content.figures) {
    if (figure.specification) await draw(figure);
  }
  document.documentElement.dataset.charts = "drawn";
}

/* The numbers behind a chart become a table when somebody asks for them. */
for (const details of document.querySelectorAll("details[data-figure]")) {
  details.addEventListener("toggle", () => {
    if (details.querySelector("table")) return;
    const { rows } = content.figures.find((figure) => figure.name === details.dataset.figure);
    const columns = Object.keys(rows[0]);
    const cells = rows.map((row) => columns.map((name) =>
      element("td", typeof row[name] === "number" ? "number" : "", plain(row[name]))));
    const scroll = element("div", "scroll", tableOf(columns.map((name) => name.replaceAll("_", " ")), cells));
    scroll.tabIndex = 0;
    scroll.setAttribute("role", "region");
    scroll.setAttribute("aria-label", details.textContent);
    details.append(scroll);
  });
}

/* --- One user of the risk list ---------------------------------------------------------- */

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

/** A value of a feature; its label says what is counted, so that only times and shares need a unit. */
function inUnit(value, unit) {
  if (value === null) return "never";
  if (unit === "yes_no") return value ? "yes" : "no";
  if (unit === "share") return percent(value);
  if (unit === "seconds") return value < 3600 ? `${plain(value)} s` : `${plain(value / 3600)} h`;
  return plain(value);
}

/** Where a value stands among the percentiles of the population, in the middle of its equals. */
function standing(value, percentiles) {
  const below = percentiles.filter((other) => other < value).length;
  const notAbove = percentiles.filter((other) => other <= value).length;
  return (below + notAbove) / 2 / percentiles.length;
}

function featureRow(feature, value, isReason) {
  const strip = element("span", "strip");
  let place = "";
  if (value !== null) {
    const share = standing(value, feature.percentiles);
    place = `about ${Math.round(100 * share)} % lie lower`;
    const dot = element("span");
    dot.style.left = `${100 * share}%`;
    strip.append(dot);
  }
  strip.setAttribute("role", "img");
  strip.setAttribute("aria-label", place || "no value");
  strip.title = place;
  const row = [
    element("td", "", feature.label),
    element("td", "number", inUnit(value, feature.unit)),
    element("td", "number", inUnit(feature.percentiles[50], feature.unit)),
    element("td", "", strip),
  ];
  return { row, isReason };
}

function facts(user) {
  const list = element("dl");
  const add = (label, value) => list.append(element("dt", "", label), element("dd", "", value));
  add("tier", `${user.tier}: ${user.tier_label}`);
  add("action", `${user.suggested_action}, cost ${plain(user.action_cost)}, expected value ${plain(user.expected_value)}`);
  add("contact", user.is_to_contact ? "yes" : user.is_holdout ? "no: held out, to measure offers" : "no");
  add("last heard of", `${user.days_since_last_event} days before ${user.snapshot_date}`);
  add("user", `${user.is_paying ? "paying" : "free"}, ${user.is_android ? "Android" : "iPhone"}`);
  add("model", user.model_name);
  return list;
}

function showUser(user) {
  const risk = element("div", "risk", percent(user.churn_probability), " ", element("small", "", `churn probability, rank ${user.risk_rank}`));
  const reasons = element("ul", "", ...user.reasons.map((reason) => element("li", "", reason.reason)));
  const songs = element("ol", "", ...user.songs.map((song) => {
    const name = song.singer ? `${song.song_name} by ${song.singer}` : song.song_name;
    return element("li", "", `${name ?? "a song without a name"} `, element("span", "because", song.reason ?? ""));
  }));
  const left = element("div", "person-part", risk, facts(user),
    element("h3", "", "Reasons"), reasons, element("h3", "", "Songs to recommend"), songs);

  const named = new Set(user.reasons.map((reason) => reason.feature));
  const rows = content.picker.features.map((feature, index) =>
    featureRow(feature, user.values[index], named.has(feature.name)));
  rows.sort((one, other) => other.isReason - one.isReason);
  const table = tableOf(["feature", "this user", "median", "among all"], rows.map(({ row }) => row));
  rows.forEach(({ isReason }, index) => table.tBodies[0].rows[index].classList.toggle("reason-feature", isReason));
  const scroll = element("div", "scroll features", table);
  scroll.tabIndex = 0;
  scroll.setAttribute("role", "region");
  scroll.setAttribute("aria-label", "Features of the user");
  const right = element("div", "person-part", element("h3", "", "Features"),
    element("p", "detail", "Reasons first, in bold. The mark is the user; half of all users lie in the middle part."), scroll);
  document.getElementById("person").replaceChildren(left, right);
}

function startPicker() {
  const { users } = content.picker;
  if (users.length === 0) return;
  const select = document.getElementById("user");
  const buttons = { previous: -1, next: 1 };
  users.forEach((user, index) =>
    select.append(new Option(`${user.risk_rank}: user ${user.user_id}, ${percent(user.churn_probability)}`, index)));
  const show = () => {
    showUser(users[select.selectedIndex]);
    for (const [name, step] of Object.entries(buttons)) {
      document.getElementById(name).disabled = users[select.selectedIndex + step] === undefined;
    }
  };
  select.addEventListener("change", show);
  for (const [name, step] of Object.entries(buttons)) {
    document.getElementById(name).addEventListener("click", () => {
      select.selectedIndex += step;
      show();
    });
  }
  document.getElementById("picker").hidden = false;
  show();
}

startPicker();
drawAll();
