// The plan's duration, and a run while it is working.
import { complain, number, post, t } from "./app.js";

export function duration(seconds) {
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return t("less than a minute");
  if (minutes < 90) return t("{n} min", { n: minutes });
  return t("{h} h {m} min", { h: Math.floor(minutes / 60), m: minutes % 60 });
}

const form = document.getElementById("confirm");
if (form) {
  const rate = document.getElementById("rate");
  const shown = document.getElementById("duration");
  const typed = document.getElementById("typed");
  const go = document.getElementById("go");
  const look = () => {
    const pace = Number(rate.value.replace(",", "."));
    const seconds = Number(form.dataset.rows) / pace;
    if (!(pace > 0) || !Number.isFinite(seconds)) { shown.textContent = ""; return; }
    const end = new Date(Date.now() + 1000 * seconds);
    const options = seconds > 43200 ? { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
    shown.textContent = `${duration(seconds)} (→ ${end.toLocaleTimeString(document.documentElement.lang, options)})`;
  };
  rate.addEventListener("input", look);
  look();
  if (typed) {
    const check = () => { go.disabled = typed.value.replace(/\D/g, "") !== form.dataset.rows; };
    typed.addEventListener("input", check);
    check();
  }
}

const live = document.getElementById("live");
if (live) {
  const at = (id) => document.getElementById(id);
  const names = JSON.parse(at("outcomes").dataset.names);
  let said = "";

  const show = (state) => {
    at("done").textContent = number(state.done);
    at("total").textContent = state.total ? number(state.total) : "…";
    if (state.total) at("progress").value = state.done / state.total; else at("progress").removeAttribute("value");
    const moves = state.phase === "sending" && !state.held;
    const pace = moves && state.rate ? `${number(state.rate.toFixed(1))} ${t("rows/s")}` : "";
    const left = !moves || state.eta_s === null ? "" : state.eta_s > 45 ? t("about {time} left", { time: duration(state.eta_s) }) : t("almost done");
    at("speed").textContent = [pace, left].filter(Boolean).join(" · ");
    at("state").textContent = state.held ? at("state").dataset.paused : at("state").dataset.sending;
    at("hold").hidden = state.held || state.phase === "over";
    at("continue").hidden = !state.held;
    at("stop").disabled = state.stopping;
    if (state.asked !== null && document.activeElement !== at("pace") && !at("pace").dataset.touched) at("pace").value = state.asked;
    const asks = state.phase === "canary" || state.phase === "confirm";
    if (asks && at("ask").hidden) at("ask").hidden = false;
    if (!asks) at("ask").hidden = true;
    for (const one of live.querySelectorAll("[data-when]")) one.hidden = one.dataset.when !== state.phase;
    at("ask-rows").textContent = state.phase === "canary" ? t("{n} rows are left.", { n: number(state.to_send) }) : t("{n} rows", { n: number(state.to_send) });
    at("pause").hidden = !state.pause_s;
    at("pause").textContent = state.pause_s ? t("waiting {seconds} s: {why}", { seconds: Math.ceil(state.pause_s), why: state.pause_why }) : "";
    at("outcomes").replaceChildren(...Object.entries(state.counts).map(([status, rows]) => {
      const item = document.createElement("li");
      const dot = document.createElement("span");
      dot.className = `dot dot-${status}`;
      const strong = document.createElement("strong");
      strong.textContent = number(rows);
      item.append(dot, strong, ` ${names[status] ?? status}`);
      return item;
    }));
    at("why").hidden = !state.causes.length;
    at("causes").replaceChildren(...state.causes.map(([code, rows, cause]) => {
      const item = document.createElement("li");
      const strong = document.createElement("strong");
      strong.textContent = number(rows);
      item.append(strong, ` ${cause || code}`);
      return item;
    }));
    const lines = state.said.join("\n");
    if (lines !== said) {
      said = lines;
      at("said").replaceChildren(...state.said.toReversed().map((line) => {
        const item = document.createElement("li");
        item.textContent = line;
        return item;
      }));
    }
    complain(state.error);
  };

  const listen = () => {
    const source = new EventSource(live.dataset.events);
    source.addEventListener("message", (event) => {
      const state = JSON.parse(event.data);
      show(state);
      if (state.url) { source.close(); location.assign(state.url); }
    });
    source.addEventListener("open", () => { at("pause").textContent = ""; });
    source.addEventListener("error", () => {
      at("pause").hidden = false;
      at("pause").textContent = t("The page lost touch; it keeps trying.");
    });
  };
  listen();

  const say = async (fields) => { try { await post(live.dataset.steer, fields); complain(""); } catch (error) { complain(error.message); } };
  live.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) say({ do: button.dataset.do });
  });
  at("pace").addEventListener("input", () => { at("pace").dataset.touched = "1"; });
  at("set-pace").addEventListener("click", () => { delete at("pace").dataset.touched; say({ do: "rate", rate: at("pace").value }); });
}
