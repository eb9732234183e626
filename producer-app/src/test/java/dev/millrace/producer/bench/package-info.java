/// Measures each way in against the raw Kafka client, on one broker in one run: `./mvnw -Pbench`.
@NullMarked
package dev.millrace.producer.bench;

import org.jspecify.annotations.NullMarked;
