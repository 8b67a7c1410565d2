package dev.banger.host.export;

import dev.banger.api.BangerException;
import dev.banger.api.ErrorCode;
import dev.banger.host.linux.DiskFailure;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The Ed25519 key that signs a catalog, in a file as {@code openssl genpkey -algorithm ed25519} writes it (RFC 8410). */
final class SigningKey {
    private static final int LARGEST = 16 * 1024;
    private static final Pattern PEM =
            Pattern.compile("-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\\s]+)-----END PRIVATE KEY-----");
    private static final Set<PosixFilePermission> OTHERS = PosixFilePermissions.fromString("---rwxrwx");

    private final PrivateKey key;
    private final CatalogKey publicKey;

    private SigningKey(PrivateKey key, CatalogKey publicKey) {
        this.key = key;
        this.publicKey = publicKey;
    }

    /** Makes the file, which must not be there. */
    static SigningKey create(Path file) {
        try {
            KeyPair pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
            String pem = "-----BEGIN PRIVATE KEY-----\n"
                    + Base64.getEncoder().encodeToString(pair.getPrivate().getEncoded())
                    + "\n-----END PRIVATE KEY-----\n";
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, pem, StandardOpenOption.SYNC);
            return new SigningKey(pair.getPrivate(), CatalogKey.of(pair.getPublic()));
        } catch (FileAlreadyExistsException e) {
            throw new BangerException(ErrorCode.ALREADY_EXISTS, "there is a file " + file, e);
        } catch (IOException e) {
            throw DiskFailure.of("cannot make the key " + file, file, e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has Ed25519", e);
        }
    }

    static SigningKey read(Path file) {
        try {
            if (!Files.isRegularFile(file) || Files.size(file) > LARGEST) {
                throw new NoSuchFileException(file.toString());
            }
            if (Files.getPosixFilePermissions(file).stream().anyMatch(OTHERS::contains)) {
                throw new BangerException(
                        ErrorCode.PERMISSION_DENIED, "others may use the key " + file + ": chmod 600 " + file);
            }
            Matcher pem = PEM.matcher(Files.readString(file));
            if (!pem.find()) {
                throw new GeneralSecurityException("no PEM");
            }
            byte[] encoded = Base64.getMimeDecoder().decode(pem.group(1));
            PrivateKey key = KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded));
            return new SigningKey(key, publicKey((EdECPrivateKey) key));
        } catch (NoSuchFileException e) {
            throw BangerException.notFound(
                    "there is no key " + file + "; \"banger image publish --new-key\" makes one for a new catalog");
        } catch (IOException e) {
            throw DiskFailure.of("cannot read the key " + file, file, e);
        } catch (GeneralSecurityException | IllegalArgumentException e) {
            throw new BangerException(
                    ErrorCode.INVALID_ARGUMENT,
                    file
                            + " has no Ed25519 key; \"openssl genpkey -algorithm ed25519\" makes one, and so does publish --new-key",
                    e);
        }
    }

    /**
     * The JDK does not tell the public key that belongs to a private one, but makes both of the same 32 random bytes, which are the
     * private key (RFC 8032, 5.1.5).
     */
    private static CatalogKey publicKey(EdECPrivateKey key) throws GeneralSecurityException {
        byte[] seed = key.getBytes().orElseThrow(() -> new GeneralSecurityException("no bytes"));
        KeyPairGenerator generator = KeyPairGenerator.getInstance("Ed25519");
        generator.initialize(NamedParameterSpec.ED25519, new Seed(seed));
        KeyPair pair = generator.generateKeyPair();
        CatalogKey found = CatalogKey.of(pair.getPublic());
        SigningKey signing = new SigningKey(key, found);
        if (!found.verifies(seed, signing.sign(seed))) {
            throw new GeneralSecurityException("another key");
        }
        return found;
    }

    /** Bytes that are known, in place of random ones. */
    private static final class Seed extends SecureRandom {
        private static final long serialVersionUID = 1L;

        private final byte[] bytes;

        Seed(byte[] bytes) {
            this.bytes = bytes.clone();
        }

        @Override
        public void nextBytes(byte[] into) {
            System.arraycopy(bytes, 0, into, 0, into.length);
        }
    }

    CatalogKey publicKey() {
        return publicKey;
    }

    byte[] sign(byte[] message) {
        try {
            Signature ed25519 = Signature.getInstance("Ed25519");
            ed25519.initSign(key);
            ed25519.update(message);
            return ed25519.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("an Ed25519 key signs anything", e);
        }
    }
}
