/* Every test, in the order in which a person would meet the pages: first what is empty, then the
   pictures, before the odd questions of the other tests stand in the list of conversations; last what
   holds on every page, when each has something to show. scripts/browser-test.sh starts the server and
   this. */

import "./sign-in.test.mjs";
import "./empty.test.mjs";
import "./pictures.test.mjs";
import "./chat.test.mjs";
import "./trouble.test.mjs";
import "./pages.test.mjs";
import "./everywhere.test.mjs";
