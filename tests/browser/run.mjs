/* Every test, in the order in which a person would meet the pages: the figures of the dashboard come
   from the questions that were asked before, and what holds everywhere is looked at when every page
   has something to show. scripts/browser-test.sh starts the server and this. */

import "./sign-in.test.mjs";
import "./empty.test.mjs";
import "./chat.test.mjs";
import "./trouble.test.mjs";
import "./pages.test.mjs";
import "./pictures.test.mjs";
import "./everywhere.test.mjs";
