import DefaultTheme from "vitepress/theme";
import "./palette.css";
import "./page.css";
import "./play.css";
import "./graph.css";
import "./loops.css";
import "./cell.css";
import "./split-merge.css";
import "./races.css";
import "./yours.css";

export default DefaultTheme;
