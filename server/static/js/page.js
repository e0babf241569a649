// What every page does: htmx for parts of pages, and tables that sort.

import "../vendor/htmx/htmx.mjs";
import "./sort.js";
