using KeycloakAccess.Admin.Rendering;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.Admin;

/// <summary>The reader's time zone comes in a cookie, which may hold anything.</summary>
public sealed class ReaderZoneTests
{
    [Theory]
    [InlineData("Europe/Berlin", "Europe/Berlin")]
    [InlineData("America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires")]
    [InlineData("Etc/GMT+5", "Etc/GMT+5")]
    [InlineData("UTC", "UTC")]
    [InlineData("", "UTC")]
    [InlineData("Nowhere/Town", "UTC")]
    [InlineData("Europe//Berlin", "UTC")]
    [InlineData("../../../dev/zero", "UTC")]
    [InlineData("/dev/zero", "UTC")]
    [InlineData("Europe/../../../../dev/zero", "UTC")]
    public void A_name_that_is_none_is_taken_for_UTC(string cookie, string expected)
    {
        var request = new DefaultHttpContext().Request;
        request.Headers.Cookie = $"zone={Uri.EscapeDataString(cookie)}";

        Assert.Equal(expected, ReaderZone.Read(request).Id);
    }
}
