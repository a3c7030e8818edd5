// @ts-check
/** Every word on the page, in Thai and English. */

/** @typedef {"th" | "en"} Language */

/** @type {Record<Language, Record<string, string>>} */
export const WORDS = {
  th: {
    title: "โทรศัพท์", about: "ชุมสายจำลองในเครื่องนี้ ไม่มีค่าโทร", theme: "สี", phone: "เครื่องโทรศัพท์",
    "theme-auto": "สี: ตามระบบ", "theme-light": "สี: สว่าง", "theme-dark": "สี: มืด",
    to: "โทรไปที่", from: "เบอร์ของเครื่องนี้", keypad: "แป้นกด",
    "from-help": "ขึ้นต้นด้วย + และรหัสประเทศ โทรกลับมาที่เบอร์นี้ได้ขณะเปิดหน้านี้อยู่",
    call: "โทรออก", hangup: "วางสาย", answer: "รับสาย", decline: "ไม่รับ",
    "ringing-here": "มีสายเรียกเข้าจาก", heard: "ได้ยินว่า", aloud: "อ่านออกเสียง",
    empty: "ยังไม่ได้โทร กด “โทรออก” แล้วสิ่งที่ได้ยินจะปรากฏที่นี่",
    shortcuts: "แป้นพิมพ์: 0–9 * # กดปุ่ม · ตัวอักษร พูด · Enter โทรออก · Esc วางสาย",
    faults: "ความผิดพลาดของแอปพลิเคชัน",
    idle: "พร้อมโทร", ringing: "กำลังเรียก", menu: "อยู่ในเมนู", queue: "รอในคิว",
    conference: "อยู่ในห้องสนทนา", dial: "กำลังต่อสาย", ended: "จบสายแล้ว",
    "kind-key": "กด", "kind-play": "เสียง", "kind-pause": "เงียบ", "kind-ring": "กำลังเรียก",
    "kind-queue": "คิว", "kind-conference": "ห้องสนทนา", "kind-dial": "ต่อสาย",
    "kind-speech": "พูด", speech: "พูดกับระบบ", "speech-help": "พูดได้เมื่อระบบรอฟัง", "speech-now": "ระบบกำลังฟัง", say: "พูด",
    texts: "ข้อความ", "texts-empty": "ข้อความที่ส่งมาที่เบอร์นี้จะปรากฏที่นี่", "text-to": "ส่งข้อความถึง", send: "ส่ง",
    "text-from": "จาก", "text-sent": "ส่งถึง",
    "kind-record": "บันทึกเสียง", "kind-error": "ขัดข้อง", "kind-end": "จบสาย",
    "busy": "สายไม่ว่าง", "no-answer": "ไม่มีผู้รับสาย", "failed": "โทรไม่ติด", "canceled": "ยกเลิก",
    "caller hung up": "ผู้โทรวางสาย", "hung up by TwiML": "ปลายทางวางสาย", "end of document": "ปลายทางจบการสนทนา",
    "application error": "แอปพลิเคชันขัดข้อง", "the other side hung up": "อีกฝ่ายวางสาย",
    "left the conference": "ออกจากห้องสนทนา", "the exchange stopped": "ชุมสายปิด",
    "REST: completed": "ปลายทางวางสาย", "REST: canceled": "ปลายทางยกเลิกสาย", "the conference ended": "อีกฝ่ายวางสาย",
    "the station hung up": "อีกฝ่ายวางสาย", "the line broke": "สายหลุด", "time limit": "ครบเวลาที่กำหนด",
    music: "เสียงดนตรี", silence: "เงียบ", "on hold": "พักสาย", "off hold": "กลับเข้าสาย",
    "waiting: music": "รอ: เสียงดนตรี", "waiting: silence": "รอ: เงียบ", beep: "เสียงสัญญาณ",
    "bad-number": "เบอร์ของเครื่องนี้ต้องเป็น + ตามด้วยตัวเลข เช่น +66812345678",
    "nobody": "ไม่มีเบอร์นี้ในชุมสาย ลองเบอร์ที่แสดงให้เลือก",
    "lost": "ติดต่อชุมสายไม่ได้ ตรวจว่าโปรแกรมยังทำงานอยู่",
    other: "English",
  },
  en: {
    title: "Handset", about: "A local exchange on this machine; calls cost nothing", theme: "Colours", phone: "Telephone",
    "theme-auto": "Colours: system", "theme-light": "Colours: light", "theme-dark": "Colours: dark",
    to: "Number to call", from: "This telephone's number", keypad: "Keypad",
    "from-help": "Starts with + and the country code; it can be called back while this page is open",
    call: "Call", hangup: "Hang up", answer: "Answer", decline: "Decline",
    "ringing-here": "Incoming call from", heard: "What is heard", aloud: "Read aloud",
    empty: "No call yet. Press “Call”, and what you hear is written here",
    shortcuts: "Keyboard: 0–9 * # press keys · letters speak · Enter calls · Esc hangs up",
    faults: "Faults of the application",
    idle: "Ready to call", ringing: "Ringing", menu: "In the menu", queue: "Waiting in the queue",
    conference: "In a conference", dial: "Being connected", ended: "Call ended",
    "kind-key": "Pressed", "kind-play": "Sound", "kind-pause": "Silence", "kind-ring": "Ringing",
    "kind-queue": "Queue", "kind-conference": "Conference", "kind-dial": "Connection",
    "kind-speech": "Said", speech: "Say to the system", "speech-help": "You can speak when it listens", "speech-now": "It is listening", say: "Say",
    texts: "Messages", "texts-empty": "Messages sent to this number are shown here", "text-to": "Message to", send: "Send",
    "text-from": "From", "text-sent": "To",
    "kind-record": "Recording", "kind-error": "Fault", "kind-end": "Call ended",
    "busy": "the line is busy", "no-answer": "nobody answers", "failed": "cannot be reached", "canceled": "canceled",
    "caller hung up": "the caller hung up", "hung up by TwiML": "the other end hung up", "end of document": "the other end was finished",
    "REST: completed": "the other end hung up", "REST: canceled": "the other end gave up",
    "bad-number": "This telephone's number is + and digits, like +66812345678",
    "nobody": "Nobody is connected to that number; try one that is offered",
    "lost": "The exchange cannot be reached; see whether it is still running",
    other: "ไทย",
  },
};

/**
 * A word in a language; the word itself where there is no other.
 * @param {Language} language
 * @param {string} name
 */
export function word(language, name) {
  return WORDS[language][name] ?? name;
}
