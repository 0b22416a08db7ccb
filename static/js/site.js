// What every page has: timers, toasts, shortcuts, undo.
import "./timers.js";
import "./toasts.js";
import "./keys.js";
import "./forms.js";
import "./undo.js";
import "./palette.js";
import "./arrows.js";
