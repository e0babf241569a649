// What every page does: htmx for parts of pages, dialogs, and tables that sort.

import "../vendor/htmx/htmx.mjs";
import "./dialog.js";
import "./sort.js";
