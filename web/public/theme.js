// Sets the chosen theme before the first paint. A file of its own, because the content security policy allows no inline script.
(function () {
  try {
    var theme = localStorage.getItem("gpu-fleet.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage may be forbidden; the system's theme is used then.
  }
})();
