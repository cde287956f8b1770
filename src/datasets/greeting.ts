/**
 * Messages that only greet, thank or say goodbye: they ask nothing of the agent. Whole messages only, a greeting before
 * a question is part of the question.
 */
const PHRASES = new Set(
  `hi|hii|hiya|hello|hello there|hi there|hey|hey there|yo|howdy|greetings|good morning|good afternoon|good evening|good day|good night|morning|evening
hello bot|hi bot|hey bot|hi assistant|hello assistant|how are you|how are you doing|how is it going|hows it going|whats up|sup|test|testing|ping
thanks|thank you|thank you very much|thank you so much|thanks a lot|many thanks|thx|ty|cheers|great thanks|ok thanks|okay thanks|ok thank you|perfect thanks|perfect thank you
bye|goodbye|good bye|bye bye|see you|see you later|cya|have a nice day
hola|buenos dias|buenas|buenas tardes|buenas noches|que tal|como estas|gracias|muchas gracias|adios|hasta luego
bonjour|salut|bonsoir|coucou|ca va|comment ca va|merci|merci beaucoup|au revoir
hallo|guten tag|guten morgen|guten abend|moin|servus|grüß gott|gruß gott|gruss gott|wie gehts|danke|vielen dank|danke schön|danke schon|tschüss|tschuss|auf wiedersehen
ciao|buongiorno|buonasera|salve|grazie|grazie mille|arrivederci
olá|ola|oi|bom dia|boa tarde|boa noite|tudo bem|obrigado|obrigada|tchau
привет|здравствуйте|здравствуй|добрый день|доброе утро|добрый вечер|приветствую|хай|как дела|спасибо|большое спасибо|спасибо большое|благодарю|пока|до свидания|тест
привіт|вітаю|доброго дня|дякую|cześć|czesc|dzień dobry|dzien dobry|witam|dziękuję|dziekuje|do widzenia|ahoj|dobrý den|dobry den|děkuji
hoi|goedemorgen|goedemiddag|dag|bedankt|dank je|hej|hejsan|god morgon|tack|moi|hei|kiitos|takk|tak
merhaba|selam|günaydın|gunaydin|iyi günler|teşekkürler|tesekkurler|teşekkür ederim|xin chào|xin chao|chào|cảm ơn|halo|selamat pagi|selamat siang|terima kasih
你好|您好|嗨|早上好|晚上好|谢谢|謝謝|再见|哈喽|こんにちは|こんばんは|おはよう|おはようございます|ありがとう|ありがとうございます|안녕|안녕하세요|감사합니다|고마워요
مرحبا|السلام عليكم|سلام|شكرا|שלום|תודה|नमस्ते|हैलो|धन्यवाद|สวัสดี|ขอบคุณ|γεια|γεια σας|ευχαριστώ`
    .split(/[|\n]/)
    .map((phrase) => phrase.trim().normalize('NFC')),
);

export function isGreeting(text: string): boolean {
  if (text.length > 60) return false;
  const words = text
    .normalize('NFC')
    .toLowerCase()
    .replace(/['’`]/g, '')
    // Emoji, punctuation and invisible characters say nothing here; a message of nothing else greets too.
    .replace(/[^\p{L}\p{N}\p{M}]+/gu, ' ')
    .trim();
  if (words === '') return /\p{Extended_Pictographic}/u.test(text);
  return PHRASES.has(words) || PHRASES.has(words.replace(/(\p{L})\1{2,}/gu, '$1'));
}
