package dev.millrace.producer.publish;

import java.util.List;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.ApiException;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;

/// Which errors of an idempotent producer say that it will send nothing any more. Kafka tells its state to nobody, so
/// this follows `TransactionManager` of kafka-clients 4.1.
final class ProducerEnds {
    /// What `TransactionManager.maybeTransitionToErrorState` takes for fatal. Of missing rights to the cluster it may
    /// recover by itself; a new producer does no harm, and until then it is known that none can send.
    private static final List<Class<? extends Exception>> FATAL = List.of(
            ClusterAuthorizationException.class,
            TransactionalIdAuthorizationException.class,
            ProducerFencedException.class,
            UnsupportedVersionException.class,
            InvalidPidMappingException.class);

    private ProducerEnds() {}

    /// @param proven whether the producer has delivered anything. One that was not let in when it asked for its
    ///     producer id never asks again, and the time of all its records runs out
    static boolean by(Exception error, boolean proven) {
        return isThrownInErrorState(error)
                || FATAL.stream().anyMatch(each -> each.isInstance(error))
                || (error instanceof TimeoutException && !proven);
    }

    /// By `send`: what concerns its record alone is an [ApiException], which it does not throw but calls back.
    static boolean isThrownInErrorState(Exception error) {
        return error instanceof IllegalStateException
                || (error instanceof KafkaException
                        && !(error instanceof ApiException)
                        && !(error instanceof InterruptException)
                        && !(error instanceof SerializationException));
    }
}
