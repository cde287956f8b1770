// Domains whose answer is one label of the house: which kind of case belongs to which code is a hidden rule.
// Each line: how a rule may name the topic = how it shows in a task.

const TICKETS = `
refunds / customers who want their money back / reimbursement = I sent the chair back and still wait for my money. / Please refund what I paid last week. / When will you reimburse me?
late deliveries / parcels that have not arrived / overdue shipments = My parcel should have been here on Monday. / Tracking has not moved for nine days. / The shipment is overdue again.
damaged goods / items that arrive broken / breakage = The lamp arrived in three pieces. / One leg of the table is cracked. / The glass was broken when I opened it.
password trouble / people who cannot log in / login problems = The site does not take my password. / I am locked out of my account. / The login page just reloads.
double charges / customers charged twice / duplicate payments = My card was charged twice. / I see the same payment two times. / Why was the amount taken again?
address changes / customers who move house / a new delivery address = We move to Leeds in May. / Please send it to my new flat instead. / The street on the order is wrong.
cancelled orders / orders to be called off / cancellations = I do not want the shelf any more, stop it. / Please cancel before it ships. / Call off order two.
warranty claims / defects within the guarantee / the guarantee = The motor died after five months. / Is that still under guarantee? / It stopped working, bought in spring.
bulk orders / companies that buy in quantity / wholesale = We need eighty chairs for an office. / Is there a price for two hundred pieces? / Our company wants to order in volume.
gift cards / vouchers that fail / coupon codes = My voucher is said to be invalid. / The gift card shows no balance. / The coupon was refused at checkout.
data deletion / requests to erase personal data / privacy requests = Erase everything you hold about me. / Which data do you store on me? / I withdraw my consent.
missing parts / incomplete sets / screws that lack = There were no screws in the box. / Only three of four drawers came. / The manual lists a part I do not have.
press inquiries / journalists / questions from the media = I write for a magazine and would like a quote. / We film a report about your factory. / Who speaks to newspapers?
job applications / people looking for work / applicants = Are you hiring drivers? / I attach my curriculum vitae. / Do you have internships?
tax documents / invoices with a tax number / VAT papers = I need an invoice with our tax number. / The VAT is not shown on the bill. / My accountant asks for a receipt.
customs fees / import duties / shipments held at the border = The border wants forty dollars from me. / Customs holds the box. / Who pays the import duty?
newsletter complaints / unwanted advertising / people who unsubscribe = Stop mailing me every day. / I unsubscribed twice already. / Your advertising fills my inbox.
assembly help / questions on how to build it / unclear manuals = Step seven of the manual makes no sense. / How do I mount the door? / Can someone build it for me?
allergies / questions about materials / ingredients of a coating = Is there nickel in the handle? / My son reacts to the varnish. / What is the foam made of?
thank-you notes / praise / happy customers = Your driver was lovely, thank you. / Best sofa we ever had. / Just wanted to say well done.`;

const INCIDENTS = `
spills / liquid on the floor / leaks = Oil ran out under press four. / There is water in the corridor. / The drum was leaking.
near misses / events where nobody was hurt / close calls = A pallet fell a metre beside Jo, no injury. / The truck stopped just in time. / It could have hit someone.
cuts / small wounds / bleeding fingers = Ann cut her thumb on sheet metal. / A finger was bleeding, plaster applied. / He scratched his arm at the saw.
missing guards / machines without their cover / open machinery = The cover of the belt is gone. / The lathe ran without its guard. / Someone had unscrewed the shield.
fumes / strange smells / gas in the air = It smelled of solvent in the hall. / People complained of headaches near the tank. / The gas alarm blinked.
blocked exits / escape routes that are obstructed / fire doors = Boxes stood before the fire door. / The back exit could not be opened. / A trolley blocked the stairs.
electric faults / bare cables / sparks = A socket was sparking. / The cable of the grinder is bare. / The switchboard hummed and got hot.
lifting injuries / back pain / strained muscles = Lee strained his back with a crate. / She felt pain after carrying the motor. / A shoulder was pulled at the ramp.
visitors / outsiders without a badge / contractors = A contractor walked in without a badge. / Two visitors stood in the loading zone. / The plumber had no induction.
noise / loud machines / missing ear protection = The compressor is unbearably loud. / Nobody wore ear plugs at the mill. / It whistles so loudly that talk is impossible.`;

const TONES = `
sarcasm / ironic praise / mock thanks = Oh great, a third apology, just what I needed. / Wonderful work, only a month late. / Thanks for nothing, truly.
threats to leave / customers who mean to cancel / talk of a competitor = Then I will go to your competitor. / One more time and I cancel. / Others do this better, I am close to leaving.
repeated questions / the third reminder / people who ask again = As I wrote twice before, where is it? / This is my third message. / I ask again, since nobody replied.
polite requests / friendly wishes / courteous notes = Could you kindly have a look? / Whenever you find the time, please. / It would be lovely if you could help.
legal words / mention of a lawyer / threat of court = My lawyer will hear of it. / I know my rights under section 9. / See you in court then.
worry / anxious customers / fear = I am afraid the money is lost. / I hardly sleep because of this. / Is it safe? I am really worried.
bare facts / messages without emotion / matter-of-fact reports = Order placed on 3 May, received on 9 May. / Two units, one returned. / The display shows error 5.
jokes / humour / playful messages = My cat now owns the box, so no return. / The shelf leans like the tower in Pisa, haha. / Is the chair meant for hobbits?
capital letters / shouting / rows of exclamation marks = WHERE IS IT!!! / ANSWER ME NOW!!! / THIS IS A JOKE!!!`;

const named = (table) =>
  table
    .trim()
    .split('\n')
    .map((line, index) => {
      const [cases, texts] = line.split(' = ').map((part) => part.split(' / '));
      return { id: `case${index}`, cases, texts };
    });

export const LABELS = {
  tickets: {
    role: 'You sort the messages that reach a furniture shop.',
    format: 'Answer with the code of the desk only.',
    noun: 'Ticket',
    fillers: [
      'I hope you can help.',
      'I am a customer since 2019.',
      'Regards, Kim',
      'Sent from my phone.',
      'My order is in the mail below.',
    ],
    topics: named(TICKETS),
    codes:
      'kestrel maple orchid granite falcon willow cobalt heron juniper quartz amber tundra walrus saffron lagoon basalt ember pelican thistle onyx cedar marlin'.split(
        ' ',
      ),
    fallback: 'frontdesk',
    acts: ['answer {v}', 'the code is {v}', 'the desk {v} is in charge', 'choose {v}', 'send it to {v}'],
  },
  incidents: {
    role: 'You register safety incidents of a plant.',
    format: 'Answer with the class of the incident only.',
    noun: 'Report',
    fillers: [
      'Seen on the early shift.',
      'Hall B, around noon.',
      'The foreman was told.',
      'Photos are attached.',
      'Work went on afterwards.',
    ],
    topics: named(INCIDENTS),
    codes: 'k11 k14 k17 k23 k26 k31 k38 k42 k47 k53 k59 k64'.split(' '),
    fallback: 'k00',
    acts: ['register class {v}', 'the class is {v}', 'file it under {v}', 'use {v}'],
  },
  tones: {
    role: 'You label the tone of customer messages.',
    format: 'Answer with one tone label and nothing else.',
    noun: 'Message',
    fillers: ['Order from last week.', 'It is about the desk lamp.', 'Hello.', 'This concerns my account.', 'Best, R.'],
    topics: named(TONES),
    codes: 'crimson azure violet ochre silver teal umber ivory scarlet indigo'.split(' '),
    fallback: 'grey',
    acts: ['the label is {v}', 'label it {v}', 'count it as {v}', 'choose the label {v}'],
  },
};
