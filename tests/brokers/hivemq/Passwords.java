package ztp;

import com.hivemq.extension.sdk.api.ExtensionMain;
import com.hivemq.extension.sdk.api.auth.SimpleAuthenticator;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthInput;
import com.hivemq.extension.sdk.api.auth.parameter.SimpleAuthOutput;
import com.hivemq.extension.sdk.api.packets.connect.ConnackReasonCode;
import com.hivemq.extension.sdk.api.parameter.*;
import com.hivemq.extension.sdk.api.services.Services;
import java.nio.charset.StandardCharsets;
import java.util.Properties;

/**
 * HiveMQ lets nobody in without an extension that authenticates. This one reads
 * name=password lines from users.properties beside it; if the file is empty, it
 * lets everybody in.
 */
public class Passwords implements ExtensionMain, SimpleAuthenticator {

    private final Properties users = new Properties();

    @Override
    public void extensionStart(ExtensionStartInput in, ExtensionStartOutput out) {
        var file = in.getExtensionInformation().getExtensionHomeFolder().toPath()
                .resolve("users.properties");
        try (var lines = java.nio.file.Files.newBufferedReader(file)) {
            users.load(lines);
        } catch (java.io.IOException e) {
            out.preventExtensionStartup(e.toString());
            return;
        }
        Services.securityRegistry().setAuthenticatorProvider(input -> this);
    }

    @Override
    public void extensionStop(ExtensionStopInput in, ExtensionStopOutput out) {}

    @Override
    public void onConnect(SimpleAuthInput in, SimpleAuthOutput out) {
        var connect = in.getConnectPacket();
        var expected = users.getProperty(connect.getUserName().orElse(""));
        var given = connect.getPassword()
                .map(bytes -> StandardCharsets.UTF_8.decode(bytes).toString());
        if (users.isEmpty() || (expected != null && expected.equals(given.orElse(null)))) {
            out.authenticateSuccessfully();
        } else {
            out.failAuthentication(ConnackReasonCode.NOT_AUTHORIZED);
        }
    }
}
