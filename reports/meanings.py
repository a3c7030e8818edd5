"""What every number of calls means, in words: its name and its definition, in Thai and in English,
by the names of `reports.metrics`, where it is worked out. `docs/metrics.md` and "how this is
counted" under each report are made from these texts. Pure.
"""

from collections.abc import Mapping

from reports.metrics import WAIT_BOUNDS, WAIT_BUCKETS, Metric, Unit


def _metric(id_: str, unit: Unit, th: tuple[str, str], en: tuple[str, str]) -> Metric:
    return Metric(id_, unit, {"th": th[0], "en": en[0]}, {"th": th[1], "en": en[1]})


COUNTERS: tuple[Metric, ...] = (
    _metric(
        "calls",
        "calls",
        (
            "สายเข้า",
            "สายทั้งหมดที่โทรเข้ามา นับสายละหนึ่งครั้ง ในช่วงเวลาที่เข้าคิวครั้งแรก หรือช่วงเวลาที่โทรเข้าหากไม่เคยเข้าคิว",
        ),
        (
            "Calls",
            "Every call that reached the hotline, counted once: in the interval in which it "
            "first entered a queue, "
            "or in which it arrived when it never entered one.",
        ),
    ),
    _metric(
        "not_queued",
        "calls",
        ("ไม่ได้เข้าคิว", "สายที่ไม่เคยเข้าคิว: ฟังข้อมูลจนพอใจ วางสายในเมนู หรือถูกโอนไปหมายเลขอื่นจากเมนู"),
        (
            "Never queued",
            "Calls that never entered a queue: heard what they needed, hung up in the menu, or "
            "were transferred to "
            "another number from the menu.",
        ),
    ),
    _metric(
        "transferred",
        "calls",
        (
            "โอนออก",
            "สายที่ระบบโอนไปหมายเลขภายนอก (เช่น 191, 1669) โดยไม่ผ่านเจ้าหน้าที่ นับทุกสายที่เริ่มโอน "
            "รวมที่ผู้โทรวางสายก่อน ยกเว้นสายที่ปลายทางไม่รับและกลับมาหาเรา",
        ),
        (
            "Transferred out",
            "Calls put through to an outside number (such as 191 or 1669) without an agent: every "
            "transfer that was begun, also when the caller hung up first, but not one that nobody "
            "took there and that came back to us.",
        ),
    ),
    _metric(
        "offered",
        "calls",
        ("เข้าคิว", "สายที่เข้าคิวรอเจ้าหน้าที่ นับในช่วงเวลาที่เข้าคิว ไม่ว่าจะจบลงเมื่อใด หากเข้าอีกคิวจะนับอีกครั้งในคิวนั้น"),
        (
            "Offered",
            "Calls that entered a queue, counted in the interval of entry whenever they ended. "
            "A call that enters a "
            "second queue is counted again there.",
        ),
    ),
    _metric(
        "answered",
        "calls",
        (
            "รับสาย",
            "สายที่ได้สนทนากับเจ้าหน้าที่ ทั้งที่รอในสายและที่โทรกลับ (“รับสายในสาย” คือจำนวนนี้หักการโทรกลับที่ได้สนทนา)",
        ),
        (
            "Answered",
            "Calls that were connected with an agent, on the line or by a callback. Without the "
            "callbacks reached they are called answered on the line.",
        ),
    ),
    _metric(
        "answered_in_threshold",
        "calls",
        ("รับทันเกณฑ์", "สายที่รอในสายไม่เกินเกณฑ์ก่อนได้สนทนา (เท่ากับเกณฑ์พอดีถือว่าทัน)"),
        (
            "Answered within the threshold",
            "Calls answered on the line that waited no longer than the threshold; exactly the "
            "threshold is within it.",
        ),
    ),
    _metric(
        "abandoned",
        "calls",
        ("วางสายระหว่างรอ", "สายที่เข้าคิวแล้วผู้โทรวางสายก่อนได้สนทนา"),
        ("Abandoned", "Queued calls whose caller hung up before being connected."),
    ),
    _metric(
        "abandoned_in_threshold",
        "calls",
        ("วางสายภายในเกณฑ์", "สายที่ผู้โทรวางสายเมื่อรอไม่เกินเกณฑ์ (เท่ากับเกณฑ์พอดีถือว่าภายใน)"),
        (
            "Abandoned within the threshold",
            "Abandoned calls whose caller had waited no longer than the threshold; exactly the "
            "threshold is within it.",
        ),
    ),
    _metric(
        "short_abandoned",
        "calls",
        ("วางสายเร็ว", "สายที่ผู้โทรวางสายเมื่อรอไม่เกินเวลาที่ถือว่าวางเร็ว (เท่ากับพอดีถือว่าเร็ว)"),
        (
            "Short abandons",
            "Abandoned calls whose caller had waited no longer than the limit for short "
            "abandons; exactly the limit "
            "is short.",
        ),
    ),
    _metric(
        "left_queue",
        "calls",
        (
            "ออกจากคิวทางอื่น",
            "สายที่ออกจากคิวโดยไม่ได้สนทนาและไม่ได้วางสายทิ้ง เช่น ถูกโอนไปหมายเลขสำรอง หรือขอให้โทรกลับ",
        ),
        (
            "Left otherwise",
            "Calls that left the queue neither answered nor hung up, such as by transfer to the"
            " fallback number, or for a callback.",
        ),
    ),
    _metric(
        "left_for_callback",
        "calls",
        ("ขอให้โทรกลับแทนการรอ", "สายที่ออกจากคิวเพราะขอให้โทรกลับ นับอยู่ใน “ออกจากคิวทางอื่น” ด้วย"),
        (
            "Left for a callback",
            "Calls that left the queue for a callback; they are among those that left otherwise.",
        ),
    ),
    _metric(
        "wait_answered_ms",
        "milliseconds",
        ("เวลารอรวม (รับสาย)", "ผลรวมเวลาตั้งแต่เข้าคิวจนได้สนทนา ของสายที่รอในสาย"),
        (
            "Wait of answered calls",
            "Sum, over calls answered on the line, of the time from entering the queue to being "
            "connected.",
        ),
    ),
    _metric(
        "wait_answered_max_ms",
        "milliseconds",
        ("รอนานที่สุด (รับสาย)", "เวลารอที่นานที่สุดของสายที่รอในสายและได้สนทนา"),
        (
            "Longest wait of an answered call",
            "The longest time on the line from entering the queue to being connected.",
        ),
    ),
    _metric(
        "wait_abandoned_ms",
        "milliseconds",
        ("เวลารอรวม (วางสาย)", "ผลรวมเวลาตั้งแต่เข้าคิวจนวางสาย ของสายที่วางระหว่างรอ"),
        (
            "Wait of abandoned calls",
            "Sum, over abandoned calls, of the time from entering the queue to hanging up.",
        ),
    ),
    _metric(
        "wait_abandoned_max_ms",
        "milliseconds",
        ("รอนานที่สุด (วางสาย)", "เวลารอที่นานที่สุดของสายที่วางระหว่างรอ"),
        (
            "Longest wait of an abandoned call",
            "The longest time from entering the queue to hanging up.",
        ),
    ),
    _metric(
        "talked",
        "calls",
        ("สนทนาจบ", "สายที่รับแล้วและการสนทนาจบลง"),
        ("Conversations ended", "Answered calls whose conversation has ended."),
    ),
    _metric(
        "talk_ms",
        "milliseconds",
        ("เวลาสนทนารวม", "ผลรวมเวลาตั้งแต่ต่อสายเจ้าหน้าที่จนจบการสนทนา ของสายที่สนทนาจบ"),
        (
            "Talk time",
            "Sum, over ended conversations, of the time from being connected to the end of the "
            "conversation.",
        ),
    ),
    _metric(
        "talk_max_ms",
        "milliseconds",
        ("สนทนานานที่สุด", "เวลาสนทนาที่นานที่สุด"),
        ("Longest conversation", "The longest conversation that has ended."),
    ),
    _metric(
        "answered_again",
        "calls",
        (
            "รับต่อจากผู้อื่น",
            "การรับสายที่มีผู้รับไปก่อนแล้วในสายเดียวกัน เช่น โอนต่อหรือมอบสายให้เพื่อนร่วมงาน "
            "หักออกจากจำนวนรับสายจะได้จำนวนผู้โทรที่ได้สนทนา",
        ),
        (
            "Answered again",
            "Answers of a call that had been answered before, such as one that was passed on or "
            "handed over to a colleague: answered without them is the number of callers who were "
            "spoken to.",
        ),
    ),
    _metric(
        "held",
        "calls",
        ("มีการพักสาย", "การสนทนาที่จบแล้วซึ่งผู้โทรถูกพักสายอย่างน้อยหนึ่งครั้ง"),
        ("Held", "Ended conversations in which the caller was held at least once."),
    ),
    _metric(
        "hold_ms",
        "milliseconds",
        ("เวลาพักสายรวม", "ผลรวมเวลาที่ผู้โทรถูกพักสาย เป็นส่วนหนึ่งของเวลาสนทนา"),
        (
            "Hold time",
            "Sum, over ended conversations, of the time that the caller was held; it is part of "
            "the talk time.",
        ),
    ),
    _metric(
        "hold_max_ms",
        "milliseconds",
        ("พักสายนานที่สุด", "เวลาพักสายรวมที่นานที่สุดของการสนทนาหนึ่ง"),
        ("Longest hold", "The longest that a caller was held in one conversation."),
    ),
    _metric(
        "wrapped_up",
        "calls",
        ("ปิดงานแล้ว", "สายที่สนทนาจบและเจ้าหน้าที่บันทึกผลแล้ว"),
        ("Wrapped up", "Ended conversations whose outcome has been written."),
    ),
    _metric(
        "wrap_up_ms",
        "milliseconds",
        ("เวลาปิดงานรวม", "ผลรวมเวลาตั้งแต่จบการสนทนาจนบันทึกผล ของสายที่ปิดงานแล้ว"),
        (
            "Wrap-up time",
            "Sum, over wrapped-up calls, of the time from the end of the conversation to the "
            "outcome.",
        ),
    ),
    _metric(
        "wrap_up_max_ms",
        "milliseconds",
        ("ปิดงานนานที่สุด", "เวลาปิดงานที่นานที่สุด"),
        ("Longest wrap-up", "The longest time from the end of a conversation to its outcome."),
    ),
    _metric(
        "offers_made",
        "offers",
        ("เสนอสายให้เจ้าหน้าที่", "จำนวนครั้งที่เสนอสายในคิวให้เจ้าหน้าที่คนหนึ่ง"),
        ("Offers made", "How often a queued call was offered to an agent."),
    ),
    _metric(
        "offers_missed",
        "offers",
        ("เสนอแล้วไม่รับ", "จำนวนครั้งที่เสนอแล้วเจ้าหน้าที่ไม่รับ ปฏิเสธ หรือต่อสายเจ้าหน้าที่ไม่ได้"),
        ("Offers missed", "Offers that the agent let ring, declined, or could not be reached for."),
    ),
    _metric(
        "callbacks",
        "calls",
        (
            "โทรกลับ",
            "การโทรกลับที่เข้าคิวแล้ว นับในช่วงเวลาที่เข้าคิว: เมื่อผู้โทรขอ "
            "เมื่อถึงเวลาที่นัด หรือเมื่อเจ้าหน้าที่สั่งโทรกลับผู้ที่วางสายไป",
        ),
        (
            "Callbacks",
            "Callbacks that came into the line, counted in the interval in which they did: when "
            "the caller asked, at the hour that was asked for, or when an agent had somebody "
            "called back who had hung up.",
        ),
    ),
    _metric(
        "callbacks_reached",
        "calls",
        ("โทรกลับแล้วได้สนทนา", "การโทรกลับที่ได้สนทนา นับเป็นสายที่รับด้วย แต่ไม่นับในระดับบริการและเวลารอในสาย"),
        (
            "Callbacks reached",
            "Callbacks that led to a conversation. They are answered calls, but enter neither the "
            "service level nor the waits of those who wait on the line.",
        ),
    ),
    _metric(
        "callbacks_unreached",
        "calls",
        ("โทรกลับแล้วไม่พบ", "การโทรกลับที่ลองครบทุกครั้งแล้วไม่มีผู้รับ"),
        ("Callbacks unreached", "Callbacks whose last try was in vain."),
    ),
    _metric(
        "wait_callback_ms",
        "milliseconds",
        (
            "เวลารอโทรกลับรวม",
            "ผลรวมเวลาตั้งแต่เข้าคิวจนเจ้าหน้าที่รับงานโทรกลับครั้งที่ได้สนทนา ของการโทรกลับที่ได้สนทนา",
        ),
        (
            "Wait of callbacks",
            "Sum, over callbacks reached, of the time from entering the line to the agent's taking "
            "the offer that led to the conversation; the ringing after it is not waiting.",
        ),
    ),
    _metric(
        "wait_callback_max_ms",
        "milliseconds",
        ("รอโทรกลับนานที่สุด", "เวลารอที่นานที่สุดของการโทรกลับที่ได้สนทนา"),
        ("Longest wait of a callback", "The longest wait of a callback that was reached."),
    ),
    _metric(
        "outgoing",
        "calls",
        (
            "โทรออก",
            "สายที่เจ้าหน้าที่โทรออกเพื่อติดตามเรื่อง นับในช่วงเวลาที่กดโทร แยกจากสายเข้า "
            "ไม่นับเป็นสายเข้า เข้าคิว หรือรับสาย (การโทรกลับผู้ที่วางสายไปนับเป็นโทรกลับ)",
        ),
        (
            "Called out",
            "Calls that agents made to follow up a ticket, counted in the interval in which they "
            "pressed the button, and apart: none of them is among the calls, the offered or the "
            "answered. (Who hung up and is called back is a callback.)",
        ),
    ),
    _metric(
        "outgoing_reached",
        "calls",
        ("โทรออกแล้วได้สนทนา", "สายที่เจ้าหน้าที่โทรออกและปลายทางรับสาย"),
        ("Called out and reached", "Calls of agents that were answered there."),
    ),
    _metric(
        "outgoing_talk_ms",
        "milliseconds",
        (
            "เวลาสนทนาสายโทรออกรวม",
            "ผลรวมเวลาตั้งแต่ปลายทางรับจนจบการสนทนา ของสายโทรออกที่สนทนาจบ ไม่รวมอยู่ในเวลาสนทนารวม",
        ),
        (
            "Talk time of calls out",
            "Sum, over ended conversations of calls that agents made, of the time from being "
            "answered to the end; not part of the talk time.",
        ),
    ),
    _metric(
        "ended_with_bulletin",
        "calls",
        (
            "ได้คำตอบจากประกาศ",
            "สายที่ได้ฟังประกาศแล้วจบลงโดยไม่เข้าคิว ไม่ถูกโอน และไม่ได้ขอให้โทรกลับ นับอยู่ใน “ไม่ได้เข้าคิว” ด้วย",
        ),
        (
            "Answered by a bulletin",
            "Calls to which a bulletin was spoken and that ended without a queue, a transfer or a "
            "wish to be called back; they are among those that never queued.",
        ),
    ),
    _metric(
        "passed_out",
        "calls",
        (
            "เจ้าหน้าที่โอนออก",
            "การสนทนาที่เจ้าหน้าที่มอบผู้โทรให้ปลายทางภายนอกดูแลต่อ นับแยกจาก “โอนออก” ซึ่งไม่ผ่านเจ้าหน้าที่",
        ),
        (
            "Passed on outside",
            "Conversations whose agent left the caller to somebody outside; apart from those that "
            "were transferred without an agent.",
        ),
    ),
    _metric(
        "callbacks_asked",
        "calls",
        (
            "ขอให้โทรกลับ",
            "การขอให้โทรกลับของผู้โทร ทั้งจากเมนูและระหว่างรอ นับในช่วงเวลาของสายที่ขอ ไม่ว่าจะนัดไว้เมื่อใด",
        ),
        (
            "Callbacks asked for",
            "Callers who asked to be called back, in the menu or while waiting, counted in the "
            "interval of the call in which they asked, whatever hour they chose.",
        ),
    ),
    _metric(
        "callbacks_kept",
        "calls",
        ("โทรกลับตามที่ขอแล้ว", "การขอให้โทรกลับที่ได้สนทนาในที่สุด นับในช่วงเวลาเดียวกับที่ขอ"),
        (
            "Callbacks kept",
            "Of the callbacks asked for, those that led to a conversation, whenever that was; "
            "counted where they were asked for.",
        ),
    ),
    _metric(
        "rated",
        "calls",
        ("ให้คะแนน", "การสนทนาที่ผู้โทรให้คะแนนในแบบสำรวจหลังวางสาย"),
        ("Rated", "Conversations for which the caller gave a mark in the survey after it."),
    ),
    _metric(
        "mark_sum",
        "marks",
        ("คะแนนรวม", "ผลรวมคะแนนของการสนทนาที่ผู้โทรให้คะแนน"),
        ("Sum of marks", "Sum of the marks over rated conversations."),
    ),
    *(
        _metric(
            name,
            "calls",
            (f"รอ {first}–{last} วินาที", f"สายที่รอในสายเกิน {first} แต่ไม่เกิน {last} วินาทีก่อนได้สนทนา"),
            (
                f"Waited {first} to {last} s",
                f"Calls answered on the line after more than {first} and no more than {last} "
                "seconds.",
            ),
        )
        if first
        else _metric(
            name,
            "calls",
            (f"รอไม่เกิน {last} วินาที", f"สายที่รอในสายไม่เกิน {last} วินาทีก่อนได้สนทนา"),
            (
                f"Waited up to {last} s",
                f"Calls answered on the line after no more than {last} seconds.",
            ),
        )
        for name, first, last in zip(WAIT_BUCKETS, (0, *WAIT_BOUNDS), WAIT_BOUNDS, strict=False)
    ),
    _metric(
        "waited_longer",
        "calls",
        ("รอนานกว่านั้น", f"สายที่รอในสายเกิน {WAIT_BOUNDS[-1]} วินาทีก่อนได้สนทนา"),
        (
            "Waited longer",
            f"Calls answered on the line after more than {WAIT_BOUNDS[-1]} seconds.",
        ),
    ),
)

RATES: tuple[Metric, ...] = (
    _metric(
        "service_level",
        "share",
        ("ระดับบริการ", "รับทันเกณฑ์ ÷ (รับสายในสาย + วางสายระหว่างรอ) หรือตามสูตรที่ตั้งไว้ ไม่นับการโทรกลับ"),
        (
            "Service level",
            "Answered within the threshold ÷ (answered on the line + abandoned), or as the "
            "configured formula has it. Callbacks are not counted.",
        ),
    ),
    _metric(
        "answer_rate",
        "share",
        ("อัตรารับสาย", "รับสายในสาย ÷ สายที่เข้าคิวและออกจากคิวแล้ว ไม่นับสายที่ขอให้โทรกลับ"),
        (
            "Answer rate",
            "Answered on the line ÷ queued calls that are no longer waiting, without those that "
            "left for a callback.",
        ),
    ),
    _metric(
        "abandon_rate",
        "share",
        ("อัตราวางสาย", "วางสายระหว่างรอ ÷ สายที่เข้าคิวและออกจากคิวแล้ว ไม่นับสายที่ขอให้โทรกลับ"),
        (
            "Abandonment",
            "Abandoned ÷ queued calls that are no longer waiting, without those that left for a "
            "callback.",
        ),
    ),
    _metric(
        "average_wait",
        "milliseconds",
        ("รอเฉลี่ย", "เวลารอรวมของสายที่รับ ÷ รับสายในสาย"),
        ("Average speed of answer", "Wait of answered calls ÷ answered on the line."),
    ),
    _metric(
        "average_wait_callback",
        "milliseconds",
        ("รอโทรกลับเฉลี่ย", "เวลารอโทรกลับรวม ÷ โทรกลับแล้วได้สนทนา"),
        ("Average wait for a callback", "Wait of callbacks ÷ callbacks reached."),
    ),
    _metric(
        "average_wait_abandoned",
        "milliseconds",
        ("รอเฉลี่ยก่อนวาง", "เวลารอรวมของสายที่วางระหว่างรอ ÷ วางสายระหว่างรอ"),
        ("Average wait before hanging up", "Wait of abandoned calls ÷ abandoned."),
    ),
    _metric(
        "average_talk",
        "milliseconds",
        ("สนทนาเฉลี่ย", "เวลาสนทนารวม ÷ สนทนาจบ"),
        ("Average talk", "Talk time ÷ conversations ended."),
    ),
    _metric(
        "average_hold",
        "milliseconds",
        ("พักสายเฉลี่ย", "เวลาพักสายรวม ÷ มีการพักสาย"),
        ("Average hold", "Hold time ÷ held."),
    ),
    _metric(
        "average_wrap_up",
        "milliseconds",
        ("ปิดงานเฉลี่ย", "เวลาปิดงานรวม ÷ ปิดงานแล้ว"),
        ("Average wrap-up", "Wrap-up time ÷ wrapped up."),
    ),
    _metric(
        "average_handling",
        "milliseconds",
        ("เวลาทำงานเฉลี่ยต่อสาย", "สนทนาเฉลี่ย + ปิดงานเฉลี่ย"),
        ("Average handling time", "Average talk + average wrap-up."),
    ),
    *(
        _metric(
            name,
            "milliseconds",
            (
                f"รอ {share} % แรกไม่เกิน",
                f"เวลารอที่ {share} % ของสายที่รับในสายไม่เกิน คำนวณจากช่วงเวลารอที่เก็บไว้ "
                "คลาดเคลื่อนไม่เกินความกว้างของช่วง",
            ),
            (
                f"{share} % answered within",
                f"The wait that {share} % of the calls answered on the line did not exceed, from "
                "the stored buckets: at most the width of its bucket from the exact one.",
            ),
        )
        for name, share in (("wait_median", 50), ("wait_90", 90), ("wait_95", 95))
    ),
    _metric(
        "callbacks_kept_rate",
        "share",
        ("อัตราโทรกลับตามที่ขอ", "โทรกลับตามที่ขอแล้ว ÷ ขอให้โทรกลับ"),
        ("Callbacks kept, share", "Callbacks kept ÷ callbacks asked for."),
    ),
    _metric(
        "average_mark",
        "mark",
        ("คะแนนเฉลี่ย", "คะแนนรวม ÷ ให้คะแนน แสดงคู่กับอัตราการตอบเสมอ"),
        ("Average mark", "Sum of marks ÷ rated; always shown with the response."),
    ),
    _metric(
        "rating_response",
        "share",
        ("อัตราการตอบแบบสำรวจ", "ให้คะแนน ÷ สนทนาจบ"),
        ("Response to the survey", "Rated ÷ conversations ended."),
    ),
)

#: Those of calls; `reports.catalogue` has all.
METRICS: Mapping[str, Metric] = {metric.id: metric for metric in (*COUNTERS, *RATES)}
