"""Every text that people read in Slack, by surface. Say what to do next, in short sentences.

An answer is one model's; the reply is what the aggregator writes from all answers.

`reply` ends a reply or replaces it, `progress` shows it in progress, `footer` is under it,
`troubles` say why there is none. `models` names models and their answers. The other modules are
named after what people open or type: `answers_modal`, `commands`, `settings`, `home`, `brainstorm`.
Import the module you need.
"""
