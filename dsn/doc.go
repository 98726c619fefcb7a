// Package dsn reads and writes delivery status notifications: the reports by
// which mail servers tell a sender what became of a message. RFC 3464, with
// RFC 6522 for the message around the report and RFC 6533 for addresses and
// texts in UTF-8.
//
// # Reading
//
// [Parse] reads a whole message, [ParseStatus] a delivery-status part alone,
// [ReadOriginal] the message that was returned with it:
//
//	report, err := dsn.Parse(r)
//	if err != nil {
//		return err // dsn.ErrNoReport: see package bounce for those
//	}
//	for _, rec := range report.Recipients {
//		fmt.Println(rec.Final.Text, rec.Action, rec.Status, rec.Diagnostic.Text)
//	}
//
// Most reports in the wild break a rule somewhere. Reading therefore never
// refuses one: a value that can't be read is zero, every field stands in Fields
// as it was, and [Report.Problems] lists what had to be tolerated. What a report
// states is never changed: an Action that contradicts its Status is a problem,
// and both stay. A Status that is no code, such as 3.0.0, leaves
// [Recipient.Status] zero; [Recipient.StatedStatus] has the words.
//
// A report proves nothing by itself: anybody can send one. RFC 3464, 4.
//
// # Writing
//
// [Write] makes a notification, and can't be made to write what the RFCs forbid.
// It decides by RFC 3461 which recipients must, may and must not be told of.
package dsn
