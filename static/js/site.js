// What every page has: timers, toasts, shortcuts, undo, the live stream, notices.
import "./timers.js";
import "./toasts.js";
import "./keys.js";
import "./forms.js";
import "./undo.js";
import "./live.js";
import "./notices.js";
import "./leaving.js";
import "./pop.js";
import "./dial.js";
import "./palette.js";
import "./arrows.js";
