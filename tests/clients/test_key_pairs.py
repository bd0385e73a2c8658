"""Key pairs are what ssh-keygen and openssl take them for."""
import hashlib
import subprocess
import uuid


def keygen(*words):
    return subprocess.run(["ssh-keygen", *words], check=True, capture_output=True, text=True).stdout.strip()


def made(region, kind, tmp_path):
    ec2 = region.client("ec2")
    name = f"keys-{uuid.uuid4().hex[:12]}"
    pair = ec2.create_key_pair(KeyName=name, KeyType=kind)
    file = tmp_path / name
    file.write_text(pair["KeyMaterial"])
    file.chmod(0o600)
    public = ec2.describe_key_pairs(KeyNames=[name], IncludePublicKey=True)["KeyPairs"][0]["PublicKey"]
    # ssh-keygen computes the public half from the private one.
    assert keygen("-y", "-f", str(file)).split()[:2] == public.split()[:2]
    ec2.delete_key_pair(KeyName=name)
    return pair["KeyFingerprint"], file


def test_an_rsa_key_is_whole_and_has_awss_fingerprint(region, tmp_path):
    fingerprint, file = made(region, "rsa", tmp_path)
    der = subprocess.run(["openssl", "pkcs8", "-in", str(file), "-topk8", "-nocrypt", "-outform", "DER"],
                         check=True, capture_output=True).stdout
    assert fingerprint == ":".join(f"{byte:02x}" for byte in hashlib.sha1(der).digest())


def test_an_ed25519_key_is_whole_and_has_openssh_s_fingerprint(region, tmp_path):
    fingerprint, file = made(region, "ed25519", tmp_path)
    assert keygen("-l", "-f", str(file)).split()[1] == "SHA256:" + fingerprint.rstrip("=")
