import { describe, expect, it } from 'vitest';
import { detect } from '../../../src/core/privacy/detect.ts';
import { findLeaks } from '../../../src/core/privacy/leaks.ts';
import { pseudonymOf } from '../../../src/core/privacy/pseudonym.ts';

const found = (text: string, level: 1 | 2 | 3 = 2) =>
  detect(text, level).map(({ type, start, end }) => `${type} ${text.slice(start, end)}`);

describe('secrets, from level 1 on', () => {
  it.each([
    'sk-proj-abcDEF0123456789abcDEF',
    'sk-ant-api03-abcdefghij0123456789',
    'ghp_0123456789abcdefghijABCDEFGHIJ012345',
    'github_pat_11ABCDEFG0abcdefghijkl',
    'AKIAIOSFODNN7EXAMPLE',
    'xoxb-123456789012-abcdefABCDEF',
    'AIzaSyA0123456789abcdefghijklmnopqrstuv',
    'sk_live_0123456789abcdef',
    'hf_abcdefghijklmnopqrstuvwxyz0123',
    'glpat-abcdefghij0123456789',
    '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U',
  ])('finds %s', (secret) => {
    expect(found(`here: ${secret}, thanks`, 1)).toEqual([`SECRET ${secret}`]);
  });

  it('finds private keys as a whole, also when the end is cut off', () => {
    const key = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----';
    expect(found(`a ${key} b`, 1)).toEqual([`SECRET ${key}`]);
    expect(found(`a ${key.slice(0, 40)}`, 1)).toEqual([`SECRET ${key.slice(0, 40)}`]);
  });

  it('finds what headers, links and settings carry, and leaves the rest of them', () => {
    expect(found('Authorization: Bearer abc123DEF456ghi789', 1)).toEqual(['SECRET abc123DEF456ghi789']);
    expect(found('postgres://user:s3cr3t@db.example/x', 1)).toEqual(['SECRET s3cr3t']);
    expect(found('API_KEY=9f8a7b6c5d4e3f2a1b0c', 1)).toEqual(['SECRET 9f8a7b6c5d4e3f2a1b0c']);
    expect(found('"client_secret": "q8Zr2kLm9PwX"', 1)).toEqual(['SECRET q8Zr2kLm9PwX']);
    expect(found('my password is hunter2 ok', 1)).toEqual(['SECRET hunter2']);
    expect(found('Set-Cookie: sid=38afes7a8abcd; HttpOnly', 1)).toEqual(['SECRET sid=38afes7a8abcd']);
    expect(found('"Cookie": "theme=dark1; sid=38afes7a8abcd"', 1)).toEqual(['SECRET theme=dark1; sid=38afes7a8abcd']);
    const hook = 'abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ_0123456789';
    expect(found(`https://discord.com/api/webhooks/123456789012345678/${hook}`, 1)).toEqual([`SECRET ${hook}`]);
  });

  it.each([
    'password: required',
    'the task-management-system-integration-guide',
    'max_tokens: 4096, token count 12',
    'the secret: be kind to everybody',
    'token=<SECRET_1>',
    'api_key = {{api_key}}',
    'a bearer of good news, basic understanding',
    'cookie: flavour=chocolate, and a recipe=simple one',
  ])('leaves prose alone: %s', (text) => {
    expect(found(text, 1)).toEqual([]);
  });
});

describe('structured personal data, from level 2 on', () => {
  it.each([
    ['EMAIL', 'jürgen.o-hara+x@mail.müller.example'],
    ['EMAIL', 'bob@exa\u200bmple.com'],
    ['EMAIL', 'bob\uff20example.com'],
    ['CRYPTO_ADDRESS', '0x52908400098527886E0F7030069857D2E4169EE7'],
    ['NATIONAL_ID', '756.9217.0769.85'],
    ['NATIONAL_ID', '11.222.333/0001-81'],
    ['NATIONAL_ID', '1-1002-00309-44-4'],
    ['PHONE', '+49 171 1234567'],
    ['PHONE', '+1 (555) 123-4567'],
    ['PHONE', '(555) 123-4567'],
    ['PHONE', '0171 / 1234567'],
    ['CARD', '4111 1111 1111 1111'],
    ['CARD', '378282246310005'],
    ['IBAN', 'DE89 3704 0044 0532 0130 00'],
    ['IBAN', 'GB82WEST12345698765432'],
    ['IP_ADDRESS', '203.0.113.9'],
    ['IP_ADDRESS', '2001:db8::8a2e:370:7334'],
    ['MAC_ADDRESS', '00:1A:2b:3c:4D:5e'],
    ['URL', 'https://x.example/reset?token=abcdef&u=1'],
    ['NATIONAL_ID', '536-90-4399'],
    ['NATIONAL_ID', 'AB 12 34 56 C'],
    ['NATIONAL_ID', '12345678Z'],
    ['NATIONAL_ID', 'X1234567L'],
    ['NATIONAL_ID', 'RSSMRA85T10A562S'],
    ['NATIONAL_ID', '44051401359'],
    ['NATIONAL_ID', '1 85 05 78 006 084 91'],
    ['NATIONAL_ID', '529.982.247-25'],
    ['NATIONAL_ID', '2341 2341 2346'],
    ['NATIONAL_ID', 'S1234567D'],
    ['NATIONAL_ID', '131052-308T'],
    ['NATIONAL_ID', '811218-9876'],
    ['NATIONAL_ID', '11010519491231002X'],
    ['CRYPTO_ADDRESS', '1BoatSLRHtKNngkdXEeobR76b53LETtpyT'],
    ['CRYPTO_ADDRESS', 'bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq'],
  ])('finds %s %s', (type, value) => {
    expect(found(`It is ${value}, thanks.`)).toEqual([`${type} ${value}`]);
    expect(found(`It is ${value}, thanks.`, 1)).toEqual([]);
  });

  it.each([
    ['NHS number 943 476 5919', 'NATIONAL_ID 943 476 5919'],
    ['my SSN is 536904399', 'NATIONAL_ID 536904399'],
    ['BSN: 111222333', 'NATIONAL_ID 111222333'],
    ['Tax file number 123 456 782', 'NATIONAL_ID 123 456 782'],
    ['Steuer-ID 86095742719', 'NATIONAL_ID 86095742719'],
    ['ABN 51 824 753 556', 'NATIONAL_ID 51 824 753 556'],
    ['ACN: 004 085 616', 'NATIONAL_ID 004 085 616'],
    ['Aadhaar 234123412346', 'NATIONAL_ID 234123412346'],
    ['passport C01X00T47', 'NATIONAL_ID C01X00T47'],
    ['my PAN is ABCDE1234F', 'NATIONAL_ID ABCDE1234F'],
    ['call me at 55512345 please', 'PHONE 55512345'],
  ])('finds what only its context gives away: %s', (text, value) => {
    expect(found(text)).toEqual([value]);
  });

  it.each([
    'order 4111 1111 1111 1112 and 1234567890123',
    'your passport is valid, wallet 1BoatSLRHtKNngkdXEeobR76b53LETtpyX',
    'DE89370400440532013001',
    'version 1.2.3.4.5, 999.1.1.1, localhost 127.0.0.1, std::vector, ::1, 12:30:45',
    'on 2024-01-15 10:30:00, 15.01.2024, 2024-01-15T10:30:00Z',
    'https://x.example/page?id=7&lang=en',
    'total 1,234,567.89 EUR for 123456789 units, invoice 2024-000123',
    'a@b, user@localhost, @handle, x@y.z',
    '44051401358 and 12345678A and 123-45-678',
    'ABN 51 824 753 557, 756.9217.0769.86, 11.222.333/0001-82 and 1-1002-00309-44-8',
  ])('leaves what only looks like it: %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('reads an account number that is followed by capitals', () => {
    expect(found('IBAN DE89370400440532013000 BIC COBADEFFXXX')).toEqual(['IBAN DE89370400440532013000']);
    expect(found('DE89 3704 0044 0532 0130 00 OK THEN')).toEqual(['IBAN DE89 3704 0044 0532 0130 00']);
  });

  it('skips encoded bytes, but not the secrets in them', () => {
    const image = `data:image/png;base64,${'iVBORw0KGgo5551234567'.repeat(20)}`;
    expect(found(image)).toEqual([]);
    const token = `eyJ${'a1B2'.repeat(100)}.${'c3D4'.repeat(100)}.${'e5F6'.repeat(20)}`;
    expect(found(token)).toEqual([`SECRET ${token}`]);
  });

  it('takes the password of a link for a secret, not for the start of a mail address', () => {
    expect(found('postgres://bob:s3cr3tpw@db.example.org/x')).toEqual(['SECRET s3cr3tpw']);
  });

  it('decides between overlapping findings by score, then length', () => {
    expect(found('https://x.example/?email=a@b.example&token=abcdefgh')).toEqual([
      'EMAIL a@b.example&token=abcdefgh'.replace('&token=abcdefgh', ''),
    ]);
    expect(found('+4111111111111111')).toEqual(['CARD 4111111111111111']);
  });
});

describe('names and places, from level 3 on, as far as words give them away', () => {
  it.each([
    ['Hi, my name is Anna van der Berg.', 'PERSON Anna van der Berg'],
    ['Please ask Mr. Miller.', 'PERSON Miller'],
    ['Best regards,\nJohn Smith', 'PERSON John Smith'],
    ['I live in New York now', 'LOCATION New York'],
    ['Send it to 221 Baker Street please', 'LOCATION 221 Baker Street'],
    ['Musterstraße 12 in der Stadt', 'LOCATION Musterstraße 12'],
    ['He works for Acme Widgets GmbH', 'ORGANIZATION Acme Widgets GmbH'],
    ['born on 12.03.1985', 'BIRTH_DATE 12.03.1985'],
  ])('%s', (text, value) => {
    expect(found(text, 3)).toEqual([value]);
    expect(found(text, 2)).toEqual([]);
  });
});

describe('leaks and pseudonyms', () => {
  it('says what is left and where, without showing it', () => {
    expect(findLeaks('mail anna@shop.example now')).toEqual([{ type: 'EMAIL', start: 5, end: 22, preview: 'an…le' }]);
    expect(findLeaks('mail <EMAIL_1> now')).toEqual([]);
  });

  it('is HMAC-SHA-256 under the key, sixteen hex digits', () => {
    // RFC 4231, test case 2.
    expect(pseudonymOf('what do ya want for nothing?', 'Jefe')).toBe('5bdcc146bf60754e');
    expect(pseudonymOf('u1', 'a')).not.toBe(pseudonymOf('u1', 'b'));
  });
});

describe('hostile texts', () => {
  const pieces = [
    'a',
    '1',
    ' ',
    '-',
    '.',
    ':',
    '@',
    'a@',
    'a.',
    'a@a.',
    '1.',
    '1-',
    '1 ',
    'sk-',
    'sk-a',
    'eyJaaaaaaaa',
    'eyJaaaaaaaa-',
    'eyJaaaaaaaa.',
    'http://',
    'http://a?',
    'https://a?token',
    'a://a:',
    'token',
    'token=',
    'password is ',
    'Bearer ',
    'DE89',
    'DE89 ',
    '+1',
    '+1 ',
    '(0',
    '0 ',
    'Mr ',
    'My name is ',
    'Aa ',
    'Name: ',
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----',
    '<EMAIL_1>',
    '<',
    'A1',
    'ABCDE1234',
    '00:',
    'a::',
    'cookie: a=1; ',
    'cookie: a=',
    '0x',
    '%40',
    `${'x'.repeat(300)} `,
  ];

  // Quadratic time on a megabyte would run into the test's time limit by orders of magnitude.
  it.each(pieces.map((piece) => [piece.slice(0, 30), piece]))('takes linear time on %j', (_name, piece) => {
    const text = piece.repeat(Math.ceil(500_000 / piece.length));
    expect(detect(text, 3).length).toBeLessThanOrEqual(text.length);
  });
});

describe('numbers and addresses in other spellings', () => {
  it.each([
    [
      'Arabic-Indic digits',
      'call +\u0664\u0669 \u0661\u0667\u0661 \u0661\u0662\u0663\u0664\u0665\u0666\u0667',
      'PHONE',
    ],
    ['Persian digits', '\u06f0\u06f2\u06f1-\u06f8\u06f8\u06f7\u06f7\u06f6\u06f6\u06f5\u06f5', 'PHONE'],
    ['Devanagari digits', '+\u096f\u0967 \u096f\u096e\u096d\u096c\u096b \u096a\u0969\u0968\u0967\u0966', 'PHONE'],
    [
      'full width',
      '\uff0b\uff18\uff11\uff0d\uff19\uff10\uff0d\uff11\uff12\uff13\uff14\uff0d\uff15\uff16\uff17\uff18',
      'PHONE',
    ],
    ['no-break spaces', '+49\u00a0171\u00a01234567', 'PHONE'],
    ['no-break hyphens', '555\u2011010\u20119999', 'PHONE'],
    ['a card in full width', '\uff14\uff11\uff11\uff11 1111 1111 1111', 'CARD'],
    ['an address in full width', 'anna\uff20shop\uff0eexample', 'EMAIL'],
  ])('finds %s', (_name, text, type) => {
    expect(detect(`x ${text} y`, 2).map((one) => one.type)).toEqual([type]);
    expect(detect(text, 2)[0]?.end).toBe(text.length);
  });

  it('leaves dates, prices and words of other scripts alone', () => {
    expect(
      found(
        '\u0662\u0660\u0662\u0666/\u0661\u0661/\u0662\u0662, \u0661\u0662\u0663 ريال, 価格は１２３円です, 2010\u20132015',
      ),
    ).toEqual([]);
  });
});
