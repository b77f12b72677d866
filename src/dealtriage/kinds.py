"""The kinds of facts a timeline holds: which are signs of the buyer, which the seller's work."""

BUYER_SIGNALS = ("email_in", "document_in", "call_in", "call_answered", "meeting_held", "proposal_opened",
                 "proposal_countered", "proposal_accepted")
SELLER_TOUCHES = ("email_out", "email_bounced", "call_answered", "call_unanswered", "meeting_held", "meeting_no_show",
                  "proposal_sent", "task_done")
KINDS = (*BUYER_SIGNALS, "email_out", "email_bounced", "email_auto_reply", "email_opened", "call_unanswered",
         "meeting_planned", "meeting_no_show", "meeting_cancelled", "task_planned", "task_done", "note",
         "discovery_restarted", "third_party_involved", "proposal_sent", "proposal_withdrawn", "proposal_rejected",
         "proposal_expired", "deal_created", "stage_changed", "won", "lost", "refused", "reopened", "amount_changed",
         "close_date_changed", "owner_changed", "account_changed", "contact_added", "title_known", "put_on_hold",
         "taken_off_hold")
# What a deal and its people are, not that anybody did anything: where recorded activity is measured, these do not count.
BACKGROUND = ("account_changed", "title_known")
