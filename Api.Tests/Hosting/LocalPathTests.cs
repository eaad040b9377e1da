using KeycloakAccess.Hosting;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.Hosting;

public sealed class LocalPathTests
{
    [Theory]
    [InlineData("", "/admin")]
    [InlineData("", "/")]
    [InlineData("", "/admin?x=//evil.test&y=a\\b")]
    [InlineData("/staff", "/staff")]
    [InlineData("/staff", "/staff?x=1")]
    [InlineData("/staff", "/staff/admin#clients")]
    [InlineData("/staff", "/staff/admin?back=/other/../x")]
    public void A_path_of_this_service_is_gone_to(string prefix, string address) =>
        Assert.Equal(address, LocalPath.Parse(address, new PathString(prefix)));

    [Theory]
    [InlineData("", "admin")]
    [InlineData("", "~/admin")]
    [InlineData("", "//evil.test")]
    [InlineData("", "/\\evil.test")]
    [InlineData("", "\\\\evil.test")]
    [InlineData("", "https://evil.test")]
    [InlineData("", "javascript:alert(1)")]
    [InlineData("", "/a\r\nLocation: https://evil.test")]
    [InlineData("", "/\t/evil.test")]
    [InlineData("", "/\u00a0/evil.test")]
    [InlineData("", "/..//evil.test")]
    [InlineData("", "/.//evil.test")]
    [InlineData("", "/%2e%2e//evil.test")]
    [InlineData("", "/a\\..\\..\\\\evil.test")]
    [InlineData("", "")]
    [InlineData("/staff", "//evil.test")]
    [InlineData("/staff", "//staff/admin")]
    [InlineData("/staff", "/\\staff/admin")]
    [InlineData("/staff", "/admin")]
    [InlineData("/staff", "/staffroom/admin")]
    [InlineData("/staff", "/STAFF/admin")]
    [InlineData("/staff", "/staff/../other")]
    [InlineData("/staff", "/staff/%2E./other")]
    [InlineData("/staff", "/staff\\..\\other")]
    [InlineData("/staff", "/%73taff/../other")]
    [InlineData("/staff", "https://evil.test/staff/admin")]
    public void What_leads_away_from_it_is_no_path_of_it(string prefix, string address) =>
        Assert.Null(LocalPath.Parse(address, new PathString(prefix)));
}
