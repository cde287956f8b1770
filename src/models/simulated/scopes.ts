/** A subject that customers write about. A hidden rule holds for one subject. */
export type Scope = {
  readonly id: string;
  /** How answers name it. */
  readonly label: string;
  readonly category: string;
  /** How statements and tasks name it; any of them means the same. Lower case, and never part of another wording. */
  readonly nouns: readonly [string, ...string[]];
};

/** One line per subject: label | category | nouns. */
const TABLE = `
Refund | billing | refunds; money back; reimbursements
Delivery | shipping | deliveries; parcels on the way; shipments
Invoice | billing | invoices; bills; billing statements
Password | account | passwords; forgotten logins; lost access codes
Subscription | account | subscriptions; memberships; recurring plans
Warranty | product | warranties; guarantees; guarantee claims
Return | shipping | returns; goods sent back; send-backs
Damage | product | damaged goods; broken items; breakage
Discount | billing | discounts; rebates; price reductions
Gift card | billing | gift cards; gift certificates; store credit
Account closure | account | account closures; closing an account; deleted profiles
Address | account | address changes; new addresses; moving house
Payment | billing | failed payments; declined cards; payment errors
Exchange | shipping | exchanges; size swaps; swapped articles
Preorder | product | preorders; advance orders; reservations
Availability | product | availability; sold-out articles; restocking
Installation | product | installations; setting up; assembly
Accessory | product | accessories; add-ons; extra equipment
Loyalty points | account | loyalty points; bonus points; reward schemes
Newsletter | account | newsletters; mailing lists; unwanted mails
Privacy | account | privacy requests; stored data; data protection
Complaint | service | complaints; grievances; unhappy experiences
Appointment | service | appointments; bookings; time slots
Repair | product | repairs; fixing a device; workshop jobs
Spare part | product | spare parts; replacement pieces; components
Customs | shipping | customs; import duties; shipping abroad
Business order | billing | business orders; company purchases; bulk purchases
Price match | billing | price matches; cheaper offers elsewhere; competitor prices
Opening | service | shop visits; visiting a branch; store visits
Cancellation | shipping | cancellations; called-off purchases; withdrawn orders
Upgrade | product | upgrades; newer models; trade-ins
Training | service | training courses; workshops; lessons
Recycling | service | recycling; old devices; disposal
Fraud | account | fraud alerts; suspicious charges; identity theft
Pickup | shipping | pickups; click and collect; self-collection
Insurance | billing | insurance; device cover; protection policies
`;

export const SCOPES: readonly Scope[] = TABLE.trim()
  .split('\n')
  .map((line) => {
    const [label = '', category = '', nouns = ''] = line.split(' | ');
    const [first = '', ...others] = nouns.split('; ');
    return { id: label.toLowerCase().replaceAll(' ', '-'), label, category, nouns: [first, ...others] };
  });
