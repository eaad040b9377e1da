using System.Net;
using CsCheck;
using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Api.Tests.Hosting;

/// <summary>What is believed of X-Forwarded-*, where the proxies are 10.0.0.0/24 and fd00::/64.</summary>
public sealed class ForwardedHeadersTests
{
    private static readonly IPNetwork[] Proxies = [IPNetwork.Parse("10.0.0.0/24"), IPNetwork.Parse("fd00::/64")];

    // Headers as name=value, with ; between them. The answer as caller, scheme, host and prefix.
    [Theory]
    [InlineData("one proxy", "For=203.0.113.5; Proto=https; Host=api.example.com", "203.0.113.5 https api.example.com ")]
    [InlineData("no header says", "For=203.0.113.5", "203.0.113.5 - - ")]
    [InlineData("two proxies", "For=203.0.113.5, 10.0.0.2; Proto=https, http", "203.0.113.5 https - ")]
    [InlineData("plain HTTP at the first of two", "For=203.0.113.5, 10.0.0.2; Proto=http, https", "203.0.113.5 http - ")]
    [InlineData("the second passes on", "For=203.0.113.5, 10.0.0.2; Proto=https; Host=a.test", "203.0.113.5 https a.test ")]
    [InlineData("three proxies", "For=203.0.113.5, 10.0.0.3,10.0.0.2; Proto=https,http,http", "203.0.113.5 https - ")]
    [InlineData("a caller sends some", "For=10.0.0.9, 203.0.113.5; Proto=https, http; Host=b.test, a.test", "203.0.113.5 http a.test ")]
    [InlineData("a proxy that is not listed", "For=198.51.100.1, 192.168.0.1; Proto=https, http", "192.168.0.1 http - ")]
    [InlineData("the second does not add to For", "For=10.0.0.2; Proto=http, https", "10.0.0.2 http - ")]
    [InlineData("IPv6", "For=2001:db8::7; Proto=https", "2001:db8::7 https - ")]
    [InlineData("IPv6 in brackets with a port", "For=[2001:db8::7]:4711; Proto=https", "2001:db8::7 https - ")]
    [InlineData("IPv4 with a port", "For=203.0.113.5:4711; Proto=https", "203.0.113.5 https - ")]
    [InlineData("IPv4 within IPv6", "For=::ffff:203.0.113.5, ::ffff:10.0.0.2; Proto=https, http", "203.0.113.5 https - ")]
    [InlineData("IPv6 proxies", "For=2001:db8::7, fd00::2; Proto=https, http", "2001:db8::7 https - ")]
    [InlineData("unknown", "For=unknown; Proto=https", "10.0.0.1 https - ")]
    [InlineData("garbage", "For=1.2.3.4.5; Proto=https", "10.0.0.1 https - ")]
    [InlineData("garbage of a caller", "For=<script>, 203.0.113.5; Proto=gopher, https", "203.0.113.5 https - ")]
    [InlineData("an unusual spelling of loopback", "For=127.1; Proto=https", "10.0.0.1 https - ")]
    [InlineData("a hexadecimal spelling", "For=0x7f.0.0.1; Proto=https", "10.0.0.1 https - ")]
    [InlineData("a zone", "For=fe80::1%eth0; Proto=https", "10.0.0.1 https - ")]
    [InlineData("a port that is none", "For=203.0.113.5:99999; Proto=https", "10.0.0.1 https - ")]
    [InlineData("empty", "For=; Proto=; Host=; Prefix=", "10.0.0.1 - - ")]
    [InlineData("capital letters", "For=203.0.113.5; Proto=HTTPS", "203.0.113.5 https - ")]
    [InlineData("no For", "Proto=https", "10.0.0.1 https - ")]
    [InlineData("a prefix", "For=203.0.113.5; Prefix=/access", "203.0.113.5 - - /access")]
    [InlineData("a prefix with a slash at its end", "For=203.0.113.5; Prefix=/Access/", "203.0.113.5 - - /Access")]
    [InlineData("the prefix that is none", "For=203.0.113.5; Prefix=/", "203.0.113.5 - - ")]
    [InlineData("two prefixes", "For=203.0.113.5, 10.0.0.2; Prefix=/a, /b", "203.0.113.5 - - /a/b")]
    [InlineData("a prefix of a caller", "For=203.0.113.5; Prefix=/evil, /b", "203.0.113.5 - - /b")]
    [InlineData("an address with a port", "For=203.0.113.5; Host=a.test:8443", "203.0.113.5 - a.test:8443 ")]
    [InlineData("a host by its IPv6 address", "For=203.0.113.5; Host=[2001:db8::7]:8443", "203.0.113.5 - [2001:db8::7]:8443 ")]
    public void A_chain_is_followed_as_far_as_each_proxy_is_listed(string what, string headers, string expected)
    {
        var forwarded = ForwardedHeaders.Read(Headers(headers), IPAddress.Parse("10.0.0.1"), IsListed, out var mistake);

        Assert.True(mistake is null, $"{what}: {mistake}");
        Assert.Equal(
            expected, $"{forwarded!.Caller} {forwarded.Scheme ?? "-"} {forwarded.Host ?? "-"} {forwarded.Prefix}");
    }

    [Theory]
    [InlineData("For=203.0.113.5; Proto=gopher", "X-Forwarded-Proto")]
    [InlineData("For=203.0.113.5; Proto=https://", "X-Forwarded-Proto")]
    [InlineData("For=203.0.113.5, 10.0.0.2; Proto=javascript, https", "X-Forwarded-Proto")]
    [InlineData("For=203.0.113.5; Host=a..test", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=a.test/b", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=a@b.test", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=a.test:port", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=a.test:99999", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=[::1", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=2001:db8::7", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Host=ä.test", "X-Forwarded-Host")]
    [InlineData("For=203.0.113.5; Prefix=access", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=//evil.test", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=/a//", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=//", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=/a/../b", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=/%2e%2e", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=/\\evil.test", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=/a\"b", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=/a?b", "X-Forwarded-Prefix")]
    [InlineData("For=203.0.113.5; Prefix=https://evil.test", "X-Forwarded-Prefix")]
    [InlineData("Proto=https, http", "X-Forwarded-For")]
    [InlineData("For=10.0.0.2; Host=a.test, b.test, c.test", "X-Forwarded-For")]
    public void What_a_listed_proxy_sends_and_cannot_be_read_is_refused_by_the_name_of_its_header(string headers, string name)
    {
        Assert.Null(ForwardedHeaders.Read(Headers(headers), IPAddress.Parse("10.0.0.1"), IsListed, out var mistake));
        Assert.StartsWith(name, mistake, StringComparison.Ordinal);
    }

    // Whatever a caller sends in front of what the proxies add.
    [Fact]
    public void Nothing_that_a_caller_sends_changes_what_is_known_of_the_request() => Gen.Select(
        Gen.String[Gen.Char["0123456789abcdef.:,[]% /\\\"<"], 0, 40],
        Gen.OneOf("https", "http", "gopher", "https, https", "", ",", "http,,"),
        Gen.OneOf("evil.test", "10.0.0.2", "", ",", "a b"))
        .Sample((addresses, scheme, host) =>
        {
            var forwarded = ForwardedHeaders.Read(
                Headers($"For={addresses}, 203.0.113.5, 10.0.0.2; Proto={scheme}, http, https; Host={host}, a.test, b.test"),
                IPAddress.Parse("10.0.0.1"),
                IsListed,
                out _);

            return forwarded is { Scheme: "http", Host: "a.test", Prefix: "" } && forwarded.Caller!.ToString() == "203.0.113.5";
        });

    [Fact]
    public void Several_headers_of_one_name_are_one_list()
    {
        var headers = new HeaderDictionary
        {
            ["X-Forwarded-For"] = new StringValues(["203.0.113.5", "10.0.0.2"]),
            ["X-Forwarded-Proto"] = new StringValues(["http", "https"]),
        };

        var forwarded = ForwardedHeaders.Read(headers, IPAddress.Parse("10.0.0.1"), IsListed, out _);

        Assert.Equal(("203.0.113.5", "http"), (forwarded!.Caller!.ToString(), forwarded.Scheme));
    }

    private static bool IsListed(IPAddress? address) => Proxies.Any(network => network.Contains(address!));

    private static HeaderDictionary Headers(string text)
    {
        var headers = new HeaderDictionary();
        foreach (var header in text.Split("; "))
        {
            var (name, value) = (header.Split('=')[0], header[(header.IndexOf('=', StringComparison.Ordinal) + 1)..]);
            headers[$"X-Forwarded-{name}"] = value;
        }

        return headers;
    }
}
