package dev.millrace.producer.publish;

import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/// Which answers of a broker are a no for good.
public final class Refusals {
    private Refusals() {}

    /// Whether the record is certainly not on the log, and never will be as it is. Missing rights to the cluster are no
    /// such answer: with them the producer gives up all that it has under way, and some of that may be written.
    public static boolean areForGood(Throwable error) {
        return isOfTheRecord(error)
                || error instanceof InvalidTopicException
                || error instanceof TopicAuthorizationException;
    }

    /// Whether the fault is this record's, so that the next one may well be taken.
    public static boolean isOfTheRecord(Throwable error) {
        return error instanceof RecordTooLargeException
                || error instanceof PolicyViolationException
                || error instanceof InvalidRecordException;
    }
}
