/** Something that a hidden rule can ask for, with the argument left open: "write dates as {a}". */
export type Behaviour = {
  readonly id: string;
  /** What a customer asks when it matters. */
  readonly cue: string;
  /** Ways to state it; `{a}` is the argument. Lower case. */
  readonly wordings: readonly string[];
  /** Advice in its direction that leaves the point open. */
  readonly vague: string;
  /** Argument -> what a correct answer then says; `{order}`, `{iso}` and so on are facts of the task. */
  readonly forms: { readonly [argument: string]: string };
  /** What a wrong answer says instead: the symptoms. */
  readonly symptoms: readonly string[];
  /** What a judge says is wrong; never how to repair it. */
  readonly complaints: readonly string[];
};

function behaviour(
  id: string,
  cue: string,
  wordings: string,
  vague: string,
  forms: string,
  symptoms: string,
  complaints: string,
): Behaviour {
  const pairs = forms.split(' | ').map((pair) => pair.split(' = '));
  return {
    id,
    cue,
    wordings: wordings.split(' | '),
    vague,
    forms: Object.fromEntries(pairs.map(([argument = '', form = '']) => [argument, form])),
    symptoms: symptoms.split(' | '),
    complaints: complaints.split(' | '),
  };
}

export const BEHAVIOURS: readonly Behaviour[] = [
  behaviour(
    'date',
    'When will it be settled?',
    'write dates as {a} | give the day in the form {a} | use {a} for every date | put calendar dates as {a}',
    'mind how dates are given',
    'YYYY-MM-DD = settled on {iso} | DD.MM.YYYY = settled on {dotted} | Month D, YYYY = settled on {long} | week number = settled in week {week}',
    'settled some time soon | settled in a while | settled one of these days | settled before long',
    'the day is not given in a usable way | the point in time is not stated properly',
  ),
  behaviour(
    'reference',
    'What do I refer to when I write again?',
    'quote {a} | repeat {a} to the customer | always name {a} | put {a} into the answer',
    'make clear what the answer refers to',
    'the order number = reference order {order} | the case number = reference case C-{order} | the invoice number = reference invoice I-{order} | the customer number = reference customer K-{order}',
    'regarding your request | as to this matter | concerning what you wrote | about the thing in question',
    'it is unclear what the answer refers to | the reader cannot match the answer to a record',
  ),
  behaviour(
    'deadline',
    'How long does that take?',
    'promise an answer within {a} | name a time limit of {a} | commit to {a} | say that it takes at most {a}',
    'give an idea of how long it takes',
    '24 hours = done within 24 hours | 2 working days = done within 2 working days | 5 working days = done within 5 working days | 14 days = done within 14 days | 30 days = done within 30 days',
    'done as soon as we can | done when a colleague is free | done at some point | done in due course',
    'the promise about the duration is not the right one | the customer is left without a firm duration',
  ),
  behaviour(
    'contact',
    'Whom should I talk to?',
    'send the customer to {a} | refer people to {a} | point the customer to {a} | name {a} as the contact',
    'tell people where to turn',
    'the hotline = please call 0800 1{order} | the live chat = please open the live chat | the web form = please fill in the web form | the nearest branch = please visit the nearest branch | the mailbox = please write to our mailbox',
    'please get in touch somehow | please ask around | please contact someone | please try any channel',
    'the channel that it names is not the intended one | the customer is sent the wrong way',
  ),
  behaviour(
    'opening',
    'I was rather surprised by this.',
    'open with {a} | begin the reply with {a} | start with {a} | put {a} first',
    'pay attention to the first words',
    'an apology = sorry for the trouble | a thank-you = thank you for writing | a confirmation = we confirm your message | a short summary = in short we take care of it',
    'well then | so here we go | right | hm let us see',
    'the first words are not suitable | it starts in the wrong manner',
  ),
  behaviour(
    'currency',
    'How much money is it?',
    'state amounts in {a} | give sums in {a} | use {a} for money | convert prices to {a}',
    'be exact about money',
    'euros = the sum is {amount} euros | US dollars = the sum is {amount} US dollars | pounds sterling = the sum is {amount} pounds sterling | Swiss francs = the sum is {amount} Swiss francs | Danish kroner = the sum is {amount} Danish kroner',
    'the sum is a modest amount | the sum is what you paid | the sum is about the usual | the sum is on your statement',
    'the amount is not expressed as needed | the money part cannot be booked like this',
  ),
  behaviour(
    'escalation',
    'Who decides about it?',
    'escalate it to {a} | hand the case over to {a} | forward the message to {a} | involve {a}',
    'know when to hand something over',
    'tier two = now with tier two | the team lead = now with the team lead | the legal team = now with the legal team | the finance team = now with the finance team | the quality desk = now with the quality desk',
    'now with somebody in the house | now in the queue | now being looked at | now somewhere in process',
    'the case ends up with the wrong people | nobody responsible is involved',
  ),
  behaviour(
    'proof',
    'What do you need from me?',
    'ask for {a} | request {a} | have the customer send {a} | demand {a} before anything else',
    'ask for what is needed',
    'a photo = kindly send a photo | the receipt = kindly send the receipt | the serial number = kindly send the serial number | the delivery note = kindly send the delivery note | a signed form = kindly send a signed form',
    'nothing else is needed | no further papers required | we have all we want | just wait for us',
    'an item that the clerk needs is not requested | the evidence for the case is missing',
  ),
  behaviour(
    'policy',
    'On which grounds?',
    'cite {a} | base the answer on {a} | refer to {a} as the source | back it up with {a}',
    'give grounds for decisions',
    'section 4 of the terms = according to section 4 of the terms | section 7 of the terms = according to section 7 of the terms | the service charter = according to the service charter | the price list = according to the price list | the house rules = according to the house rules',
    'according to what I know | according to common practice | as far as I can tell | as is usual',
    'the grounds are not those of the company | there is no valid source for the claim',
  ),
  behaviour(
    'compensation',
    'What do you offer me for the trouble?',
    'offer {a} | grant {a} | make up for it with {a} | propose {a} as compensation',
    'be fair about compensation',
    'a 10 percent voucher = we offer a 10 percent voucher | free shipping = we offer free shipping | a replacement = we offer a replacement | a full repayment = we offer a full repayment | a free month = we offer a free month',
    'we offer our understanding | we regret there is nothing | we offer to think about it | we offer kind words',
    'the gesture is not the agreed one | what is offered does not fit the rules of the house',
  ),
  behaviour(
    'closing',
    'Is there anything else I should know?',
    'end with {a} | close the reply with {a} | finish on {a} | add {a} at the end',
    'pay attention to the last words',
    'an offer of more help = tell us if we can do more | a survey link = rate us at survey/{order} | the ticket status = ticket {order} stays open | the opening hours = we are open from 9 to 18',
    'that is all | bye for now | over and out | so much for that',
    'the last words lack something | it breaks off in the wrong manner',
  ),
  behaviour(
    'register',
    'Please explain it to me properly.',
    'answer in {a} | write in {a} | keep to {a} | phrase the reply in {a}',
    'choose the right register',
    'British English = we shall organise it | plain English = we will do it | formal English = we hereby undertake to arrange it | German = wir erledigen das | French = nous nous en occupons',
    'gonna sort it | it shall peradventure be arranged | sorting stuff out | consider it a thing',
    'the style of language is not what readers expect | the wording is in the wrong voice',
  ),
  behaviour(
    'layout',
    'What are the steps?',
    'present the steps as {a} | lay out steps as {a} | format instructions as {a} | set the procedure out as {a}',
    'mind the layout of steps',
    'a numbered list = 1) check 2) send 3) wait | bullet points = * check * send * wait | a table = |check|send|wait| | one paragraph = check and send and wait | arrows = check > send > wait',
    'you check send wait somehow | check. send. wait. | first things first and so on | do the usual things',
    'the procedure is hard to follow as laid out | the layout of the procedure is wrong',
  ),
  behaviour(
    'verification',
    'Do you know who I am?',
    'verify {a} first | check {a} before answering | confirm {a} with the customer | make sure of {a}',
    'be sure whom you talk to',
    'the email address = please confirm your email address | the postcode = please confirm your postcode | the date of birth = please confirm your date of birth | the phone number = please confirm your phone number',
    'we trust you are who you are | no need to identify yourself | you seem to be a customer | we recognise you',
    'identity is not established as it has to be | somebody else could have asked this',
  ),
  behaviour(
    'timezone',
    'At what time?',
    'state times in {a} | give clock times in {a} | use {a} for times of day | convert hours to {a}',
    'be exact about times of day',
    'UTC = at {hour}:00 UTC | Central European Time = at {hour}:00 CET | Eastern Time = at {hour}:00 ET | Japan Standard Time = at {hour}:00 JST',
    'at some hour | in the course of the day | around the usual time | whenever suits',
    'the hour is ambiguous | nobody abroad could tell the hour from this',
  ),
  behaviour(
    'rounding',
    'What is the exact figure?',
    'round figures to {a} | show numbers with {a} | give figures to {a} | cut numbers to {a}',
    'be consistent with figures',
    'whole numbers = the figure is {amount} | one decimal = the figure is {amount}.5 | two decimals = the figure is {amount}.50 | three decimals = the figure is {amount}.500',
    'the figure is roughly that | the figure is a bit more | the figure is hard to say | the figure varies',
    'the figure is not given with the right precision | the number is of no use as written',
  ),
  behaviour(
    'signature',
    'Who am I talking to?',
    'sign as {a} | put {a} under the reply | use {a} as the sender | write in the name of {a}',
    'mind the signature',
    'the Support Team = signed the Support Team | Customer Care = signed Customer Care | the Service Desk = signed the Service Desk | the After-Sales Office = signed the After-Sales Office',
    'signed your assistant | signed me | signed the bot | signed a friend',
    'the sender is not the one it should be | it is signed wrongly',
  ),
  behaviour(
    'priority',
    'How urgent is that for you?',
    'set the priority to {a} | mark the case as {a} | treat it with {a} | file it under {a}',
    'weigh how urgent something is',
    'low priority = filed with low priority | normal priority = filed with normal priority | high priority = filed with high priority | top priority = filed with top priority',
    'filed somewhere | filed without a mark | filed for later | filed just like that',
    'it is filed with the wrong urgency | the urgency of the case is misjudged',
  ),
  behaviour(
    'status',
    'What is the state of things?',
    'label the case {a} | report the status {a} | set the state to {a} | tag the ticket {a}',
    'keep the state of a case clear',
    'OPEN = status OPEN | PENDING = status PENDING | IN REVIEW = status IN REVIEW | ON HOLD = status ON HOLD | CONFIRMED = status CONFIRMED',
    'things are moving | it is sort of handled | somewhere in between | all in good order',
    'the state of the case is reported wrongly | the state cannot be told from this',
  ),
  behaviour(
    'followup',
    'Will you get back to me?',
    'schedule a follow-up {a} | announce a call {a} | get back to the customer {a} | plan the next contact {a}',
    'think of what comes next',
    'after three days = we call after three days | after one week = we call after one week | after one month = we call after one month | the next morning = we call the next morning',
    'we may call again | call us if you like | no call planned | we shall see',
    'the next contact is not arranged as it should be | the customer does not know what comes next',
  ),
];
