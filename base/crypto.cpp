// SHA256_* is deprecated in OpenSSL 3 in favour of EVP, which cannot copy a primed state without an
// allocation. Every event's cursor carries a MAC, so this is on the delivery path.
#define OPENSSL_API_COMPAT 10101
#include "base/crypto.h"

#include <algorithm>
#include <cstring>

#include <openssl/crypto.h>
#include <openssl/sha.h>

namespace hubtrail {
namespace {

constexpr std::string_view kUrlAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kStdAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> inverse(std::string_view alphabet) {
    std::array<std::int8_t, 256> table{};
    for (auto& entry : table) {
        entry = -1;
    }
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::int8_t>(i);
    }
    return table;
}
constexpr auto kUrlInverse = inverse(kUrlAlphabet);
constexpr auto kStdInverse = inverse(kStdAlphabet);

void encode(std::string& out, const unsigned char* in, std::size_t count,
            std::string_view alphabet) {
    const auto start = out.size();
    out.resize(start + (count * 4 + 2) / 3);
    char* to = out.data() + start;
    std::size_t i = 0;
    for (; i + 3 <= count; i += 3) {
        const unsigned v = (unsigned{in[i]} << 16U) | (unsigned{in[i + 1]} << 8U) | in[i + 2];
        *to++ = alphabet[v >> 18U];
        *to++ = alphabet[(v >> 12U) & 63U];
        *to++ = alphabet[(v >> 6U) & 63U];
        *to++ = alphabet[v & 63U];
    }
    if (i == count) {
        return;
    }
    const bool two_left = count - i == 2;
    const unsigned v = (unsigned{in[i]} << 16U) | (two_left ? unsigned{in[i + 1]} << 8U : 0U);
    *to++ = alphabet[v >> 18U];
    *to++ = alphabet[(v >> 12U) & 63U];
    if (two_left) {
        *to++ = alphabet[(v >> 6U) & 63U];
    }
}

std::optional<std::string> decode(std::string_view text,
                                  const std::array<std::int8_t, 256>& table) {
    if (text.size() % 4 == 1) {
        return std::nullopt;
    }
    std::string out;
    out.reserve(text.size() * 3 / 4);
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const auto value = table[static_cast<unsigned char>(c)];
        if (value < 0) {
            return std::nullopt;
        }
        bits = (bits << 6U) | static_cast<unsigned>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<char>((bits >> count) & 0xFFU));
        }
    }
    // Two spellings of one value would give two spellings of one token.
    if ((bits & ((1U << count) - 1U)) != 0) {
        return std::nullopt;
    }
    return out;
}

static_assert(sizeof(SHA256_CTX) <= sizeof(std::array<std::uint32_t, 28>));

}  // namespace

Sha256Digest sha256(std::string_view bytes) {
    Sha256Digest digest{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
}

HmacKey::HmacKey(std::string_view key) {
    std::array<unsigned char, SHA256_CBLOCK> block{};
    if (key.size() > block.size()) {
        const auto digest = sha256(key);
        std::memcpy(block.data(), digest.data(), digest.size());
    } else {
        std::copy(key.begin(), key.end(), block.begin());
    }
    const auto prime = [&block](unsigned char pad, std::array<std::uint32_t, 28>& state) {
        auto padded = block;
        for (auto& byte : padded) {
            byte ^= pad;
        }
        SHA256_CTX context;
        SHA256_Init(&context);
        SHA256_Update(&context, padded.data(), padded.size());
        std::memcpy(state.data(), &context, sizeof context);
    };
    prime(0x36, inner_);
    prime(0x5C, outer_);
}

Sha256Digest HmacKey::mac(std::string_view bytes) const {
    Sha256Digest digest{};
    SHA256_CTX context;
    std::memcpy(&context, inner_.data(), sizeof context);
    SHA256_Update(&context, bytes.data(), bytes.size());
    SHA256_Final(digest.data(), &context);
    std::memcpy(&context, outer_.data(), sizeof context);
    SHA256_Update(&context, digest.data(), digest.size());
    SHA256_Final(digest.data(), &context);
    return digest;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string base64url_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() * 4 + 2) / 3);
    encode(out, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), kUrlAlphabet);
    return out;
}

void append_base64url(std::string& out, const void* bytes, std::size_t count) {
    encode(out, static_cast<const unsigned char*>(bytes), count, kUrlAlphabet);
}

std::optional<std::string> base64url_decode(std::string_view text) {
    return decode(text, kUrlInverse);
}

std::string base64_encode(std::string_view bytes) {
    std::string out;
    encode(out, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), kStdAlphabet);
    while (out.size() % 4 != 0) {
        out.push_back('=');
    }
    return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) {
        return std::nullopt;
    }
    if (text.size() >= 4) {
        if (text.back() == '=') {
            text.remove_suffix(1);
        }
        if (text.back() == '=') {
            text.remove_suffix(1);
        }
    }
    return decode(text, kStdInverse);
}

std::string sha1_for_websocket(std::string_view bytes) {
    std::string digest(SHA_DIGEST_LENGTH, '\0');
    SHA1(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
    return digest;
}

std::string hex_encode(std::string_view bytes) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out.push_back(kHex[byte >> 4U]);
        out.push_back(kHex[byte & 0x0FU]);
    }
    return out;
}

}  // namespace hubtrail
