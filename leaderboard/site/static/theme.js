// The reader's choice of dark or light, before anything is painted.
(() => {
  const kept = () => {
    try {
      return localStorage.getItem("il-envs-theme");
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  if (kept()) root.dataset.theme = kept();
  document.addEventListener("DOMContentLoaded", () => {
    document.getElementById("theme").addEventListener("click", () => {
      const isDark =
        root.dataset.theme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
      root.dataset.theme = isDark ? "light" : "dark";
      try {
        localStorage.setItem("il-envs-theme", root.dataset.theme);
      } catch {
        // Pages from a folder may have nowhere to keep it.
      }
    });
  });
})();
